import { assert, describe, it } from "@effect/vitest";
import { SampleStatistics, type Statistics } from "../../../domain/signal/SampleStatistics.ts";
import { interleave, tone } from "./Synthesis.ts";

const count = (...channels: ReadonlyArray<ArrayLike<number>>): Statistics => {
  const statistics = new SampleStatistics(channels.length);
  statistics.push(interleave(...channels.map((samples) => Float32Array.from(samples))), channels[0]!.length);
  return statistics.finish();
};

describe("sample statistics", () => {
  it("counts plateaus of three equal samples or more at full scale as clipped", () => {
    assert.strictEqual(count([0, 1, 1, 1, 0]).clippedSamples, 3);
    assert.strictEqual(count([1, 1, 1, 1, 1, 0.5, -1, -1, -1]).clippedSamples, 8);
    assert.strictEqual(count([1.2, 1.2, 1.2]).clippedSamples, 3);
    const highest = 32767 / 32768;
    assert.strictEqual(count([highest, highest, highest, -1, -1, -1, -1]).clippedSamples, 7);
  });

  it("does not take peaks, pairs and lower plateaus for clipping", () => {
    assert.strictEqual(count([0, 1.5, 0, 1, 1, 0.2, -1, -1]).clippedSamples, 0);
    assert.strictEqual(count([1.1, 1.2, 1.3, 1.2, 1.1]).clippedSamples, 0);
    assert.strictEqual(count([1, 1, -1, 1, 1]).clippedSamples, 0);
    assert.strictEqual(count([1, 1, 0, 1, 1]).clippedSamples, 0);
    assert.strictEqual(count([0.99, 0.99, 0.99, 0.99]).clippedSamples, 0);
  });

  it("looks for plateaus in each channel on its own", () => {
    assert.strictEqual(count([1, 1, 0, 0], [0, 1, 1, 0]).clippedSamples, 0);
    assert.strictEqual(count([1, 1, 1, 0], [0, 1, 1, 1]).clippedSamples, 6);
  });

  it("reads −3.01 dB and a crest factor of 3.01 dB for a full-scale sine, 0 and 0 for a square", () => {
    const sine = tone(48_000, [[0, 1]]);
    assert.closeTo(count(sine).rmsDbfs ?? NaN, -3.0103, 1e-4);
    assert.closeTo(count(sine).crestDb ?? NaN, 3.0103, 1e-4);
    assert.closeTo(count([1, -1, 1, -1]).rmsDbfs ?? NaN, 0, 1e-12);
    assert.closeTo(count([1, -1, 1, -1]).crestDb ?? NaN, 0, 1e-12);
    assert.closeTo(count(sine, new Float32Array(sine.length)).rmsDbfs ?? NaN, -6.0206, 1e-4);
  });

  it("reports the offset of the channel that is farthest off", () => {
    assert.strictEqual(count([0.75, -0.25]).dcOffset, 0.25);
    assert.strictEqual(count([0.125, 0.125], [-0.5, 0]).dcOffset, -0.25);
  });

  it("has no levels for silence, and nothing at all without samples", () => {
    const silence = { clippedSamples: 0, dcOffset: 0, rmsDbfs: null, crestDb: null, nonFiniteSamples: 0 };
    assert.deepStrictEqual(count([0, 0, 0]), silence);
    assert.deepStrictEqual(count([]), { ...silence, dcOffset: null });
  });

  it("counts samples that are not finite, and takes them for 0", () => {
    const poisoned = count([0.5, NaN, -0.5, Infinity], [-Infinity, 0, 0, 0]);
    assert.deepStrictEqual(poisoned, { ...count([0.5, 0, -0.5, 0], [0, 0, 0, 0]), nonFiniteSamples: 3 });
    assert.strictEqual(count([1, 1, NaN, 1, 1]).clippedSamples, 0);
  });
});
