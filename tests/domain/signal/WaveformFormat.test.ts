import { assert, describe, it } from "@effect/vitest";
import { Result } from "effect";
import { decodeDat, encodeDat, toJson } from "../../../domain/signal/WaveformFormat.ts";
import type { WaveformPeaks } from "../../../domain/signal/WaveformPeaks.ts";

const peaks: WaveformPeaks = {
  sampleRate: 44_100,
  samplesPerPixel: 256,
  channels: 1,
  length: 3,
  data: Int16Array.of(-32768, 32767, -255, 255, -257, 513),
};

describe("audiowaveform's JSON", () => {
  it("holds the values with their parameters", () => {
    assert.deepStrictEqual(toJson(peaks, 16), {
      version: 2,
      channels: 1,
      sample_rate: 44_100,
      samples_per_pixel: 256,
      bits: 16,
      length: 3,
      data: [-32768, 32767, -255, 255, -257, 513],
    });
  });

  it("holds high bytes, truncated towards zero, at 8 bits", () => {
    const { bits, data } = toJson(peaks, 8);
    assert.strictEqual(bits, 8);
    assert.deepStrictEqual(data, [-128, 127, 0, 0, -1, 2]);
  });
});

describe("audiowaveform's binary format", () => {
  it("is a little-endian header of 20 bytes and the values", () => {
    const header = [1, 0, 0, 0, 1, 0, 0, 0, 0x44, 0xac, 0, 0, 0, 1, 0, 0, 3, 0, 0, 0];
    assert.deepStrictEqual(Array.from(encodeDat(peaks, 8)), [...header, 0x80, 0x7f, 0, 0, 0xff, 2]);
    header[4] = 0;
    assert.deepStrictEqual(Array.from(encodeDat(peaks, 16)), [
      ...header,
      ...[0x00, 0x80, 0xff, 0x7f, 0x01, 0xff, 0xff, 0x00, 0xff, 0xfe, 0x01, 0x02],
    ]);
  });

  it("comes back as it was at 16 bits, wherever in a buffer it lies", () => {
    assert.deepStrictEqual(decodeDat(encodeDat(peaks, 16)), Result.succeed(peaks));
    const shifted = new Uint8Array(100);
    shifted.set(encodeDat(peaks, 16), 7);
    assert.deepStrictEqual(decodeDat(shifted.subarray(7)), Result.succeed(peaks));
    const none = { ...peaks, length: 0, data: new Int16Array(0) };
    assert.deepStrictEqual(decodeDat(encodeDat(none, 16)), Result.succeed(none));
  });

  it("has version 2 and a header of 24 bytes for several channels", () => {
    const stereo = { ...peaks, channels: 2, length: 1, data: Int16Array.of(-32768, 32767, -256, 512) };
    const bytes = encodeDat(stereo, 8);
    assert.deepStrictEqual([...bytes.subarray(0, 4), ...bytes.subarray(16)], [
      ...[2, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0],
      ...[0x80, 0x7f, 0xff, 2],
    ]);
    assert.deepStrictEqual(decodeDat(encodeDat(stereo, 16)), Result.succeed(stereo));
    assert.strictEqual(toJson(stereo, 8).channels, 2);
  });

  it("comes back as multiples of 256 at 8 bits, which encode to the same bytes", () => {
    const bytes = encodeDat(peaks, 8), decoded = Result.getOrThrow(decodeDat(bytes));
    assert.deepStrictEqual(Array.from(decoded.data), [-32768, 32512, 0, 0, -256, 512]);
    assert.deepStrictEqual(encodeDat(decoded, 8), bytes);
  });

  it("is refused with the reason when it is cut short, of another version or senseless", () => {
    const reason = (bytes: Uint8Array) =>
      Result.match(decodeDat(bytes), { onFailure: (error) => error.reason, onSuccess: () => "none" });
    const bytes = encodeDat(peaks, 16);
    assert.strictEqual(reason(bytes.subarray(0, 19)), "Truncated");
    assert.strictEqual(reason(bytes.subarray(0, bytes.length - 1)), "Truncated");
    assert.strictEqual(reason(Uint8Array.of(3, ...bytes.subarray(1))), "UnsupportedVersion");
    const split = encodeDat({ ...peaks, channels: 3, length: 1 }, 16);
    assert.strictEqual(reason(split.subarray(0, 23)), "Truncated");
    assert.strictEqual(reason(split.subarray(0, split.length - 1)), "Truncated");
    assert.strictEqual(reason(split.fill(0, 20, 24)), "InvalidHeader");
    assert.strictEqual(reason(encodeDat({ ...peaks, samplesPerPixel: 0 }, 16)), "InvalidHeader");
    assert.strictEqual(reason(encodeDat({ ...peaks, sampleRate: -1 }, 16)), "InvalidHeader");
  });
});
