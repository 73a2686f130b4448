import { assert, describe, it } from "@effect/vitest";
import {
  channelsApart,
  WaveformMeter,
  type WaveformPeaks,
  zoom,
} from "../../../domain/signal/WaveformPeaks.ts";
import { keepPixels, type Pixels } from "./Pixels.ts";
import { interleave, noise } from "./Synthesis.ts";

const measureAll = (samplesPerPixel: number, ...channels: ReadonlyArray<Float32Array>): Pixels => {
  const pixels = keepPixels(channels.length);
  const meter = new WaveformMeter(44_100, channels.length, pixels, { samplesPerPixel });
  meter.push(interleave(...channels), channels[0]!.length);
  return pixels.take(meter.finish());
};

const measure = (samplesPerPixel: number, ...channels: ReadonlyArray<Float32Array>): WaveformPeaks =>
  measureAll(samplesPerPixel, ...channels).mix;

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
      channels: 1,
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

  it("finds extremes of converted stereo that its sums do not tell", () => {
    const clamped = measure(3, Float32Array.of(0.9, 0.5, 2), Float32Array.of(0.9, 0, -1));
    assert.deepStrictEqual(pairs(clamped), [0, 29_491]);
    const pixels = keepPixels(2);
    const meter = new WaveformMeter(44_100, 2, pixels, { samplesPerPixel: 3, samples: "decoded" });
    meter.push(Float32Array.of(-100, -100, 1, 0.3, 0.6, 0.6).map((value) => value / 32767), 3);
    assert.deepStrictEqual(pairs(pixels.take(meter.finish()).mix), [-100, 1]);
  });

  it("has no pixels without samples, and one of one", () => {
    assert.deepStrictEqual(pairs(measure(256, pcm())), []);
    assert.deepStrictEqual(pairs(measure(256, pcm(-9))), [-9, -9]);
  });

  it("has 256 samples in a pixel unless told otherwise", () => {
    const meter = new WaveformMeter(44_100, 1, keepPixels(1));
    meter.push(new Float32Array(513), 513);
    assert.strictEqual(meter.finish().length, 3);
  });

  it.each([2, 3, 8])("has the peaks of each of %i channels as if it were alone", (channels) => {
    // Quiet, loud and clamped ones, so that their sums say nothing of the sums of what they are converted to.
    const all = Array.from({ length: channels }, (_, i) => noise(1_001, [2e-5, 0.9, 1.5][i % 3]!, i + 1));
    const { apart } = measureAll(10, ...all), alone = all.map((samples) => measure(10, samples));
    const expected = Array.from(
      { length: 101 },
      (_, pixel) => alone.flatMap(({ data }) => [...data.subarray(2 * pixel, 2 * pixel + 2)]),
    );
    assert.deepStrictEqual(apart, {
      sampleRate: 44_100,
      samplesPerPixel: 10,
      channels,
      length: 101,
      data: Int16Array.from(expected.flat()),
    });
  });

  it("tells up to 8 channels apart, and those of mono are the mix", () => {
    assert.deepStrictEqual([1, 2, 8, 9].map(channelsApart), [1, 2, 8, null]);
    const pixels = keepPixels(1);
    const meter = new WaveformMeter(44_100, 1, pixels, { samplesPerPixel: 3 });
    meter.push(pcm(5, -7, 2, 100), 4);
    meter.finish();
    assert.deepStrictEqual([...pixels.mix.take(), ...pixels.apart.take()], [-7, 5, 100, 100]);
  });

  it.each([["quiet", 5e-5], ["loud", 0.9], ["clamped", 1.2]])(
    "mixes %s stereo as frame by frame",
    (_, amplitude) => {
      const left = noise(4_096, amplitude, 1), right = noise(4_096, amplitude, 2);
      assert.deepStrictEqual(measure(64, left, right), zoom(measure(1, left, right), 64));
      const { data } = measure(1, right);
      const sums = measure(1, left).data.map((value, i) => (value + data[i]!) / 2);
      assert.deepStrictEqual(measure(1, left, right).data, sums);
    },
  );
});

describe("zooming out", () => {
  it("gives what the samples would give at that level", () => {
    const left = noise(10_007, 0.9, 1), right = noise(10_007, 0.9, 2), fine = measureAll(8, left, right);
    for (const samplesPerPixel of [8, 16, 24, 64, 8_000, 80_000]) {
      assert.deepStrictEqual(zoom(fine.mix, samplesPerPixel), measure(samplesPerPixel, left, right));
      const { apart } = measureAll(samplesPerPixel, left, right);
      assert.deepStrictEqual(zoom(fine.apart, samplesPerPixel), apart);
    }
  });

  it("refuses a level that is finer or not a multiple", () => {
    const peaks = measure(8, pcm(1, 2, 3));
    for (const samplesPerPixel of [4, 12, 0, NaN]) {
      assert.throws(() => zoom(peaks, samplesPerPixel), RangeError);
    }
  });
});
