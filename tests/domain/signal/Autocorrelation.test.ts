import { assert, describe, it } from "@effect/vitest";
import { autocorrelation } from "../../../domain/signal/Autocorrelation.ts";
import { noise } from "./Synthesis.ts";

describe("the autocorrelation", () => {
  it("is the mean product at each lag of the centred values, over their variance", () => {
    const values = noise(200, 1, 9);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    const found = autocorrelation(values, 200, 50);
    for (let lag = 0; lag <= 50; lag++) {
      let sum = 0;
      for (let i = 0; i + lag < values.length; i++) sum += (values[i]! - mean) * (values[i + lag]! - mean);
      assert.approximately(found[lag]!, sum / (values.length - lag) / variance, 1e-6, `lag ${lag}`);
    }
  });

  it("is 1 at the period of what recurs, in every window however loud", () => {
    const values = Float32Array.from(
      { length: 4000 },
      (_, i) => (i % 40 === 0 ? 1 : 0) * (i < 2000 ? 1 : 1e-3),
    );
    const found = autocorrelation(values, 1000, 100);
    assert.approximately(found[40]!, 1, 0.05);
    assert.approximately(found[20]!, 0, 0.05);
  });

  it("is 0 where nothing varies, and beyond what the values can tell", () => {
    assert.isTrue(autocorrelation(new Float32Array(100).fill(3), 50, 20).every((value) => value === 0));
    assert.isTrue(autocorrelation(noise(30, 1, 2), 1000, 100).every(Number.isFinite));
    assert.strictEqual(autocorrelation(noise(30, 1, 2), 1000, 100)[60], 0);
  });
});
