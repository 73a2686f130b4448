import { assert, describe, it } from "@effect/vitest";
import { kWeighting, kWeightingGain } from "../../../domain/signal/KWeighting.ts";

const decibels = (sampleRate: number, frequency: number): number =>
  20 * Math.log10(kWeightingGain(kWeighting(sampleRate), sampleRate, frequency));

describe("K-weighting", () => {
  it("raises high frequencies by 4 dB, 997 Hz by 0.691 dB, and cuts low ones", () => {
    assert.closeTo(decibels(48_000, 997), 0.691, 0.001);
    assert.closeTo(decibels(48_000, 12_000), 4.04, 0.01);
    assert.closeTo(decibels(48_000, 20), -13.4, 0.5);
  });

  it.each([
    [8_000, 0.06],
    [11_025, 0.02],
    [16_000, 0.005],
    [22_050, 0.001],
    [32_000, 0.001],
    [44_100, 0.001],
    [88_200, 0.001],
    [96_000, 0.001],
    [192_000, 0.001],
    [384_000, 0.001],
  ])("has the response of the 48 kHz tables at %i Hz, within %f dB", (sampleRate, tolerance) => {
    for (let frequency = 20; frequency < Math.min(20_000, 0.49 * sampleRate); frequency *= 1.05) {
      assert.closeTo(decibels(sampleRate, frequency), decibels(48_000, frequency), tolerance);
    }
  });

  it.each([[2_000, 0.4], [3_000, 0.25], [4_000, 0.1], [6_000, 0.02]])(
    "is still close up to a quarter of the sample rate at %i Hz, within %f dB",
    (sampleRate, tolerance) => {
      for (let frequency = 20; frequency < sampleRate / 4; frequency *= 1.05) {
        assert.closeTo(decibels(sampleRate, frequency), decibels(48_000, frequency), tolerance);
      }
    },
  );

  it("is continuous at 48 kHz, where the tables are used as they are printed", () => {
    const table = kWeighting(48_000), derived = kWeighting(48_000 * (1 + 1e-9));
    assert.closeTo(derived.shelf.b0, table.shelf.b0, 1e-7);
    assert.closeTo(derived.shelf.b2, table.shelf.b2, 1e-7);
    assert.closeTo(derived.highPass.a1, table.highPass.a1, 1e-7);
  });

  it("is stable at every sample rate from 2 kHz to 384 kHz", () => {
    for (let sampleRate = 2_000; sampleRate <= 384_000; sampleRate += 500) {
      const { shelf, highPass } = kWeighting(sampleRate);
      for (const { a1, a2 } of [shelf, highPass]) {
        assert.isBelow(Math.abs(a2), 1);
        assert.isBelow(Math.abs(a1), 1 + a2);
      }
    }
  });
});
