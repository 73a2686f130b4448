import { assert, describe, it } from "@effect/vitest";
import { WaveformMeter, type WaveformPeaks, zoom } from "../../../domain/signal/WaveformPeaks.ts";
import { interleave, noise } from "./Synthesis.ts";

const measure = (samplesPerPixel: number, ...channels: ReadonlyArray<Float32Array>): WaveformPeaks => {
  const meter = new WaveformMeter(44_100, channels.length, samplesPerPixel);
  meter.push(interleave(...channels), channels[0]!.length);
  return meter.finish();
};

/** 16-bit samples as a decoder gives them. */
const pcm = (...values: ReadonlyArray<number>): Float32Array =>
  Float32Array.from(values, (value) => value / 32768);

const pairs = (peaks: WaveformPeaks): ReadonlyArray<number> => Array.from(peaks.data);

describe("a waveform meter", () => {
  it("keeps the lowest and the highest sample of each pixel, the last one shorter", () => {
    const peaks = measure(3, pcm(5, -7, 2, 100, 300, 200, -1));
    assert.deepStrictEqual(pairs(peaks), [-7, 5, 100, 300, -1, -1]);
    assert.deepStrictEqual({ ...peaks, data: [] }, {
      sampleRate: 44_100,
      samplesPerPixel: 3,
      length: 3,
      data: [],
    });
  });

  it("restores 16-bit samples exactly", () => {
    const every = Float32Array.from({ length: 65_536 }, (_, i) => (i - 32768) / 32768);
    const expected = Int16Array.from({ length: 131_072 }, (_, i) => Math.floor(i / 2) - 32768);
    assert.deepStrictEqual(measure(1, every).data, expected);
  });

  it("cuts the lower bits of finer samples off, and clamps those beyond full scale", () => {
    const fine = [0.4, 0.5, -0.5, -0.6, 99.7, 32766.4, 32766.6, 32767.7, 32768, 1e9, -32767.4, -40000, -1e9];
    const coarse = [0, 0, -1, -1, 99, 32766, 32766, 32767, 32767, 32767, -32768, -32768, -32768];
    assert.deepStrictEqual(pairs(measure(1, pcm(...fine))), coarse.flatMap((value) => [value, value]));
  });

  it("mixes channels to their mean, truncated towards zero", () => {
    const stereo = measure(1, pcm(3, -3, 32767, -1), pcm(2, -2, 32767, 0));
    assert.deepStrictEqual(pairs(stereo), [2, 2, -2, -2, 32767, 32767, 0, 0]);
    assert.deepStrictEqual(pairs(measure(2, pcm(3, -3), pcm(2, -2), pcm(3, -3))), [-2, 2]);
  });

  it("has no pixels without samples, and one of one", () => {
    assert.deepStrictEqual(pairs(measure(256, pcm())), []);
    assert.deepStrictEqual(pairs(measure(256, pcm(-9))), [-9, -9]);
  });

  it("has 256 samples in a pixel unless told otherwise", () => {
    const meter = new WaveformMeter(44_100, 1);
    meter.push(new Float32Array(513), 513);
    assert.strictEqual(meter.finish().length, 3);
  });
});

describe("zooming out", () => {
  it("gives what the samples would give at that level", () => {
    const left = noise(10_007, 0.9, 1), right = noise(10_007, 0.9, 2), fine = measure(8, left, right);
    for (const samplesPerPixel of [8, 16, 24, 64, 8_000, 80_000]) {
      assert.deepStrictEqual(zoom(fine, samplesPerPixel), measure(samplesPerPixel, left, right));
    }
  });

  it("refuses a level that is finer or not a multiple", () => {
    const peaks = measure(8, pcm(1, 2, 3));
    for (const samplesPerPixel of [4, 12, 0, NaN]) {
      assert.throws(() => zoom(peaks, samplesPerPixel), RangeError);
    }
  });
});
