import { assert, describe, it } from "@effect/vitest";
import { Schema } from "effect";
import { UploadId } from "../../../domain/Id.ts";
import { correction, type Levels, LoudnessTarget, plan, resultOf } from "../../../domain/media/Loudness.ts";

const levels = (integratedLufs: number | null, truePeakDbtp: number | null): Levels => ({
  integratedLufs,
  truePeakDbtp,
});

describe("plan", () => {
  it("turns up or down by what is missing, where the peaks stay below the ceiling", () => {
    const before = levels(-20, -12);
    assert.deepStrictEqual(plan({ targetLufs: -16 }, before), {
      mode: "gain",
      scope: "output",
      before,
      gainDb: 4,
      limitedBy: null,
      skipped: null,
    });
    assert.strictEqual(plan({ targetLufs: -23 }, before).gainDb, -3);
  });

  it("turns up by less where the ceiling binds, of −1 dBTP unless told, and says so", () => {
    const before = levels(-20, -4);
    assert.deepInclude(plan({ targetLufs: -14 }, before), { gainDb: 3, limitedBy: "truePeak" });
    assert.deepInclude(plan({ targetLufs: -14, ceilingDbtp: 0 }, before), {
      gainDb: 4,
      limitedBy: "truePeak",
    });
    assert.deepInclude(plan({ targetLufs: -17, ceilingDbtp: -1 }, before), { gainDb: 3, limitedBy: null });
    assert.deepInclude(plan({ targetLufs: -20 }, levels(-20, 0.5)), { gainDb: -1.5, limitedBy: "truePeak" });
  });

  it("leaves it to a limiter where that is asked for", () => {
    assert.deepInclude(plan({ targetLufs: -14, mode: "limit" }, levels(-20, -4)), {
      mode: "limit",
      gainDb: 6,
      limitedBy: "truePeak",
    });
    assert.deepInclude(plan({ targetLufs: -14, mode: "limit" }, levels(-20, -12)), { limitedBy: null });
  });

  it("does nothing within the tolerance, unless the peaks are too high", () => {
    const target = { targetLufs: -16, toleranceLu: 0.5 };
    assert.deepInclude(plan(target, levels(-16.4, -3)), { gainDb: 0, skipped: "withinTolerance" });
    assert.deepInclude(plan(target, levels(-16.6, -3)), { skipped: null });
    assert.deepInclude(plan(target, levels(-16.4, 0)), { gainDb: -1, limitedBy: "truePeak", skipped: null });
  });

  it("does nothing to silence, and to what is too little to be measured", () => {
    assert.deepInclude(plan({ targetLufs: -16 }, levels(null, null)), { gainDb: 0, skipped: "silent" });
    assert.deepInclude(plan({ targetLufs: -16 }, levels(null, -80)), { gainDb: 0, skipped: "tooLittle" });
  });
});

describe("correction", () => {
  const correct = (
    after: Levels,
    target: Omit<LoudnessTarget, "targetLufs"> = {},
    before = levels(-20, -12),
  ) => {
    const result = resultOf(
      { targetLufs: -16, ...target },
      plan({ targetLufs: -16, ...target }, before),
      after,
    );
    const { gainDb, limitDb } = correction({ targetLufs: -16, ...target }, result) ??
      { gainDb: 0, limitDb: 0 };
    const rounded = (decibels: number) => Math.round(1e6 * decibels) / 1e6;
    return [rounded(gainDb), limitDb === null ? null : rounded(limitDb), result.limitedBy];
  };
  const nothing = [0, 0, null];

  it("is what a codec took or gave, unless that is next to nothing", () => {
    assert.deepStrictEqual(correct(levels(-16.4, -8)), [0.4, null, null]);
    assert.deepStrictEqual(correct(levels(-15.9, -8)), [-0.1, null, null]);
    assert.deepStrictEqual(correct(levels(-16.015, -8)), nothing);
    assert.deepStrictEqual(correct(levels(-16.4, -1.5)), [0.4, null, null]);
  });

  it("is most of what the ceiling has room for, where that is less; then the result says that it binds", () => {
    assert.deepStrictEqual(correct(levels(-16.4, -1.25)), [0.1125, null, "truePeak"]);
    assert.deepStrictEqual(correct(levels(-16.4, -1.11)), [0, 0, "truePeak"]);
  });

  it("takes off what a codec has put beyond the ceiling, and a little more", () => {
    assert.deepStrictEqual(correct(levels(-16.4, -0.5)), [-0.6, null, "truePeak"]);
    assert.deepStrictEqual(correct(levels(-16, -0.5)), [-0.6, null, null]);
    assert.deepStrictEqual(correct(levels(-15.3, -0.5)), [-0.7, null, null]);
    assert.deepStrictEqual(correct(levels(-16, -0.99)), nothing);
  });

  it("is left to a limiter, where one is asked for: the gain is what is missing", () => {
    assert.deepStrictEqual(correct(levels(-16.4, -0.5), { mode: "limit" }), [0.4, -0.6, "truePeak"]);
    assert.deepStrictEqual(correct(levels(-16.3, -1.2), { mode: "limit" }), [0.3, 0, "truePeak"]);
    assert.deepStrictEqual(correct(levels(-16, -0.5), { mode: "limit" }), [0, -0.6, null]);
    assert.deepStrictEqual(correct(levels(-16.3, -8), { mode: "limit" }), [0.3, null, null]);
    assert.deepStrictEqual(correct(levels(-16, -1.01), { mode: "limit" }), nothing);
  });

  it("is nothing where nothing was done, and to the gain of an album", () => {
    assert.deepStrictEqual(correct(levels(-20, -12), { toleranceLu: 5 }), nothing);
    assert.deepStrictEqual(correct(levels(null, null)), nothing);
    const album = [UploadId.make(`upl_${"1".repeat(26)}`)];
    assert.deepStrictEqual(correct(levels(-18, -0.5), { album }), nothing);
  });
});

describe("a target", () => {
  const isTarget = Schema.is(LoudnessTarget);

  it("lies within bounds", () => {
    for (const targetLufs of [-70, -5]) assert.isTrue(isTarget({ targetLufs }));
    for (const targetLufs of [-70.1, -4.9, NaN, Infinity]) assert.isFalse(isTarget({ targetLufs }));
    assert.isFalse(isTarget({ targetLufs: -16, ceilingDbtp: 0.1 }));
    assert.isFalse(isTarget({ targetLufs: -16, mode: "squash" }));
  });
});
