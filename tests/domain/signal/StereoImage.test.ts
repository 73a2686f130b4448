import { assert, describe, it } from "@effect/vitest";
import { type StereoImage, StereoMeter } from "../../../domain/signal/StereoImage.ts";
import { interleave, noise } from "./Synthesis.ts";

const measure = (...channels: ReadonlyArray<Float32Array>): StereoImage => {
  const meter = new StereoMeter(channels.length);
  meter.push(interleave(...channels), channels[0]!.length);
  return meter.finish();
};

const left = noise(48_000, 0.5, 1), other = noise(48_000, 0.5, 2);
const scaled = (samples: Float32Array, gain: number) => samples.map((sample) => gain * sample);

describe("the stereo image", () => {
  it("of one signal in both channels has a correlation of 1", () => {
    assert.deepStrictEqual(measure(left, left), { stereoCorrelation: 1, balanceDb: 0, isDualMono: true });
  });

  it("of a signal and its inverse has a correlation of −1", () => {
    const { stereoCorrelation, isDualMono } = measure(left, scaled(left, -1));
    assert.approximately(stereoCorrelation ?? NaN, -1, 1e-12);
    assert.isFalse(isDualMono);
  });

  it("of unrelated signals has a correlation of 0", () => {
    assert.approximately(measure(left, other).stereoCorrelation ?? NaN, 0, 0.02);
  });

  it.each([[0.5, -6.02], [2, 6.02]])(
    "with the right channel times %d is %d dB out of balance",
    (gain, db) => {
      const { balanceDb, stereoCorrelation, isDualMono } = measure(left, scaled(left, gain));
      assert.approximately(balanceDb ?? NaN, db, 0.01);
      assert.approximately(stereoCorrelation ?? NaN, 1, 1e-9);
      assert.isFalse(isDualMono);
    },
  );

  it("takes a difference of −66 dB for none, and one of −54 dB for one", () => {
    const with66 = left.map((sample, i) => sample + 0.001 * other[i]!);
    const with54 = left.map((sample, i) => sample + 0.004 * other[i]!);
    assert.deepStrictEqual([with66, with54].map((right) => measure(left, right).isDualMono), [true, false]);
  });

  it("keeps the balance finite where one channel is silent", () => {
    const silent = new Float32Array(left.length);
    assert.deepStrictEqual(measure(left, silent), {
      stereoCorrelation: null,
      balanceDb: -100,
      isDualMono: false,
    });
    assert.strictEqual(measure(silent, left).balanceDb, 100);
  });

  it.each([1, 3, 6])("is null for %i channels, and for silence", (channels) => {
    const nothing = { stereoCorrelation: null, balanceDb: null, isDualMono: false };
    assert.deepStrictEqual(measure(...Array.from({ length: channels }, () => left)), nothing);
    assert.deepStrictEqual(measure(new Float32Array(9), new Float32Array(9)), nothing);
  });
});
