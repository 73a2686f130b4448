import { Result, Schema } from "effect";
import type { WaveformPeaks } from "./WaveformPeaks.ts";

/** Bits of a value in the exported formats: of 8 only the high byte is kept, rounded towards zero. */
export type Resolution = 8 | 16;

/** audiowaveform's JSON format, version 2. */
export interface WaveformJson {
  readonly version: 2;
  readonly channels: number;
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
  channels: peaks.channels,
  sample_rate: peaks.sampleRate,
  samples_per_pixel: peaks.samplesPerPixel,
  bits,
  length: peaks.length,
  data: Array.from(bits === 8 ? toInt8(peaks.data) : peaks.data),
});

/** The text of that JSON as audiowaveform writes it, with a line feed at its end. */
export const encodeJson = (peaks: WaveformPeaks, bits: Resolution): string =>
  `${JSON.stringify(toJson(peaks, bits))}\n`;

/** Of version 1. That of version 2 ends with the number of channels. */
const HEADER_BYTES = 20;
const CHANNELS_BYTES = 4;
const EIGHT_BIT = 1;

/** The length of what precedes the values. */
export const datHeaderBytes = (channels: number): number =>
  channels === 1 ? HEADER_BYTES : HEADER_BYTES + CHANNELS_BYTES;

/** The peaks in audiowaveform's binary format: little-endian header, then the values. One channel makes version 1, more make version 2. */
export const encodeDat = (peaks: WaveformPeaks, bits: Resolution): Uint8Array<ArrayBuffer> => {
  const header = datHeader(peaks, bits), start = header.length;
  const bytes = new Uint8Array(start + peaks.data.length * bits / 8);
  const view = new DataView(bytes.buffer);
  bytes.set(header);
  if (bits === 8) new Int8Array(bytes.buffer, start).set(toInt8(peaks.data));
  else peaks.data.forEach((value, i) => view.setInt16(start + 2 * i, value, true));
  return bytes;
};

/** What precedes the values in that format; those of 16 bits follow as `littleEndian` has them. */
export const datHeader = (
  peaks: Omit<WaveformPeaks, "data">,
  bits: Resolution,
): Uint8Array<ArrayBuffer> => {
  const { channels } = peaks;
  const bytes = new Uint8Array(datHeaderBytes(channels));
  const view = new DataView(bytes.buffer);
  view.setInt32(0, channels === 1 ? 1 : 2, true);
  view.setUint32(4, bits === 8 ? EIGHT_BIT : 0, true);
  view.setInt32(8, peaks.sampleRate, true);
  view.setInt32(12, peaks.samplesPerPixel, true);
  view.setUint32(16, peaks.length, true);
  if (channels > 1) view.setInt32(20, channels, true);
  return bytes;
};

/** The peaks in a `.dat`; 8-bit values come back as multiples of 256. Bytes after the values are ignored. */
export const decodeDat = (bytes: Uint8Array): Result.Result<WaveformPeaks, WaveformDataError> => {
  if (bytes.length < HEADER_BYTES) return Result.fail(new WaveformDataError({ reason: "Truncated" }));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = view.getInt32(0, true);
  if (version !== 1 && version !== 2) {
    return Result.fail(new WaveformDataError({ reason: "UnsupportedVersion" }));
  }
  const start = version === 1 ? HEADER_BYTES : HEADER_BYTES + CHANNELS_BYTES;
  if (bytes.length < start) return Result.fail(new WaveformDataError({ reason: "Truncated" }));
  const eightBit = (view.getUint32(4, true) & EIGHT_BIT) !== 0;
  const sampleRate = view.getInt32(8, true), samplesPerPixel = view.getInt32(12, true);
  const channels = version === 1 ? 1 : view.getInt32(20, true);
  if (sampleRate < 1 || samplesPerPixel < 1 || channels < 1) {
    return Result.fail(new WaveformDataError({ reason: "InvalidHeader" }));
  }
  const length = view.getUint32(16, true);
  const count = 2 * channels * length;
  if (bytes.length < start + count * (eightBit ? 1 : 2)) {
    return Result.fail(new WaveformDataError({ reason: "Truncated" }));
  }
  const data = new Int16Array(count);
  for (let i = 0; i < count; i++) {
    data[i] = eightBit ? view.getInt8(start + i) * 256 : view.getInt16(start + 2 * i, true);
  }
  return Result.succeed({ sampleRate, samplesPerPixel, channels, length, data });
};

/** The high bytes of values, rounded towards zero. */
const toInt8 = (values: Int16Array): Int8Array => {
  const bytes = new Int8Array(values.length);
  for (let i = 0; i < values.length; i++) bytes[i] = values[i]! / 256;
  return bytes;
};
