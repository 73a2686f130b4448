import { assert, describe, it } from "@effect/vitest";
import { curvesOf, MAX_CURVE_VALUES } from "../../../domain/analysis/AnalysisCurves.ts";

const tenths = (length: number, loudness: (i: number) => number) =>
  Float32Array.from({ length }, (_, i) => loudness(i));

describe("the curves of an analysis", () => {
  it("have momentary loudness every 100 ms, short-term loudness every second, and beats in milliseconds", () => {
    const { momentary, shortTerm, beats } = curvesOf({
      momentary: tenths(15, (i) => -20.1234 - i),
      shortTerm: tenths(15, (i) => -30 - i),
    }, Float32Array.of(0.50049, 1.00051));
    assert.deepStrictEqual([momentary.startSeconds, momentary.stepSeconds], [0.4, 0.1]);
    assert.deepStrictEqual(momentary.lufs.slice(0, 3), [-20.12, -21.12, -22.12]);
    assert.strictEqual(momentary.lufs.length, 15);
    assert.deepStrictEqual(shortTerm, { startSeconds: 3, stepSeconds: 1, lufs: [-30, -40] });
    assert.deepStrictEqual(beats, [0.5, 1.001]);
  });

  it("have nulls where there is no sound", () => {
    const { momentary } = curvesOf({ momentary: [-Infinity, -150, -99, -20], shortTerm: [] }, []);
    assert.deepStrictEqual(momentary.lufs, [null, null, -99, -20]);
  });

  it("are coarser for long recordings, and keep the loudest of each step", () => {
    const day = 24 * 36_000;
    const loudness = tenths(day, (i) => i === 500_000 ? -3 : -40);
    const { momentary, shortTerm } = curvesOf({ momentary: loudness, shortTerm: loudness }, []);
    assert.deepStrictEqual([momentary.stepSeconds, momentary.lufs.length], [2.4, MAX_CURVE_VALUES]);
    assert.deepStrictEqual([shortTerm.stepSeconds, shortTerm.lufs.length], [3, 28_800]);
    assert.strictEqual(momentary.lufs[Math.floor(500_000 / 24)], -3);
    assert.strictEqual(momentary.lufs.filter((value) => value === -40).length, MAX_CURVE_VALUES - 1);
  });

  it("are empty for what is shorter than a window", () => {
    const { momentary, shortTerm, beats } = curvesOf({ momentary: [], shortTerm: [] }, []);
    assert.deepStrictEqual([momentary.lufs, shortTerm.lufs, beats], [[], [], []]);
  });
});
