import { Result, Schema } from "effect";
import type { WaveformPeaks } from "./WaveformPeaks.ts";

/** Bits of a value in the exported formats: of 8 only the high byte is kept, rounded towards zero. */
export type Resolution = 8 | 16;

/** audiowaveform's JSON format, version 2. */
export interface WaveformJson {
  readonly version: 2;
  readonly channels: 1;
  readonly sample_rate: number;
  readonly samples_per_pixel: number;
  readonly bits: Resolution;
  readonly length: number;
  readonly data: ReadonlyArray<number>;
}

/** Why bytes are not waveform data that `decodeDat` reads. */
export class WaveformDataError extends Schema.TaggedError<WaveformDataError>()("WaveformDataError", {
  reason: Schema.Literals(["InvalidHeader", "Truncated", "UnsupportedVersion"]),
}) {}

/** The peaks in audiowaveform's JSON format. */
export const toJson = (peaks: WaveformPeaks, bits: Resolution): WaveformJson => ({
  version: 2,
  channels: 1,
  sample_rate: peaks.sampleRate,
  samples_per_pixel: peaks.samplesPerPixel,
  bits,
  length: peaks.length,
  data: Array.from(bits === 8 ? toInt8(peaks.data) : peaks.data),
});

const HEADER_BYTES = 20;
const EIGHT_BIT = 1;

/** The peaks in audiowaveform's binary format, version 1: little-endian header of 20 bytes, then the values. */
export const encodeDat = (peaks: WaveformPeaks, bits: Resolution): Uint8Array<ArrayBuffer> => {
  const bytes = new Uint8Array(HEADER_BYTES + peaks.data.length * bits / 8);
  const view = new DataView(bytes.buffer);
  bytes.set(datHeader(peaks, bits));
  if (bits === 8) new Int8Array(bytes.buffer, HEADER_BYTES).set(toInt8(peaks.data));
  else peaks.data.forEach((value, i) => view.setInt16(HEADER_BYTES + 2 * i, value, true));
  return bytes;
};

/** What precedes the values in that format; those of 16 bits follow as `littleEndian` has them. */
export const datHeader = (
  peaks: Omit<WaveformPeaks, "data">,
  bits: Resolution,
): Uint8Array<ArrayBuffer> => {
  const bytes = new Uint8Array(HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  view.setInt32(0, 1, true);
  view.setUint32(4, bits === 8 ? EIGHT_BIT : 0, true);
  view.setInt32(8, peaks.sampleRate, true);
  view.setInt32(12, peaks.samplesPerPixel, true);
  view.setUint32(16, peaks.length, true);
  return bytes;
};

/** The peaks in a `.dat` of version 1; 8-bit values come back as multiples of 256. Bytes after the values are ignored. */
export const decodeDat = (bytes: Uint8Array): Result.Result<WaveformPeaks, WaveformDataError> => {
  if (bytes.length < HEADER_BYTES) return Result.fail(new WaveformDataError({ reason: "Truncated" }));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getInt32(0, true) !== 1) {
    return Result.fail(new WaveformDataError({ reason: "UnsupportedVersion" }));
  }
  const eightBit = (view.getUint32(4, true) & EIGHT_BIT) !== 0;
  const sampleRate = view.getInt32(8, true), samplesPerPixel = view.getInt32(12, true);
  if (sampleRate < 1 || samplesPerPixel < 1) {
    return Result.fail(new WaveformDataError({ reason: "InvalidHeader" }));
  }
  const length = view.getUint32(16, true);
  if (bytes.length < HEADER_BYTES + length * (eightBit ? 2 : 4)) {
    return Result.fail(new WaveformDataError({ reason: "Truncated" }));
  }
  const data = new Int16Array(2 * length);
  for (let i = 0; i < data.length; i++) {
    data[i] = eightBit ? view.getInt8(HEADER_BYTES + i) * 256 : view.getInt16(HEADER_BYTES + 2 * i, true);
  }
  return Result.succeed({ sampleRate, samplesPerPixel, length, data });
};

/** The high bytes of values, rounded towards zero. */
const toInt8 = (values: Int16Array): Int8Array => {
  const bytes = new Int8Array(values.length);
  for (let i = 0; i < values.length; i++) bytes[i] = values[i]! / 256;
  return bytes;
};
