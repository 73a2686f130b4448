import { Schema } from "effect";

const Curve = Schema.Struct({
  /** The end of the first window, in seconds from the start. */
  startSeconds: Schema.Finite,
  /** From each value to the next. */
  stepSeconds: Schema.Finite,
  /** `null` where there is no sound. */
  lufs: Schema.Array(Schema.NullOr(Schema.Finite)),
});
type Curve = typeof Curve.Type;

/** What can be plotted over the time of a recording: its loudness, and where its beats are, in seconds. */
export const AnalysisCurves = Schema.Struct({
  momentary: Curve,
  shortTerm: Curve,
  beats: Schema.Array(Schema.Finite),
});
export type AnalysisCurves = typeof AnalysisCurves.Type;

/** As many values as an hour has tenths of a second. Longer recordings are told in coarser steps. */
export const MAX_CURVE_VALUES = 36_000;

/** Below is what no ear and no converter tells from nothing. */
const FAINTEST_LUFS = -100;

/**
 * A curve of at most `MAX_CURVE_VALUES` values from loudness in steps of 100 ms: every `tenths` of them becomes one, or as many more as
 * it takes, the loudest of each step being kept, to a hundredth of a LU.
 */
export const curveOf = (loudness: ArrayLike<number>, startSeconds: number, tenths: number): Curve => {
  const step = tenths * Math.max(1, Math.ceil(loudness.length / tenths / MAX_CURVE_VALUES));
  const lufs = Array.from({ length: Math.ceil(loudness.length / step) }, (_, at) => {
    let loudest = -Infinity;
    for (let i = at * step; i < Math.min(loudness.length, (at + 1) * step); i++) {
      loudest = Math.max(loudest, loudness[i]!);
    }
    return loudest < FAINTEST_LUFS ? null : rounded(loudest, 100);
  });
  return { startSeconds, stepSeconds: step / 10, lufs };
};

/** The curves of a recording: momentary loudness every 100 ms, short-term loudness every second, or coarser. */
export const curvesOf = (
  loudness: { readonly momentary: ArrayLike<number>; readonly shortTerm: ArrayLike<number> },
  beats: ArrayLike<number>,
): AnalysisCurves => ({
  momentary: curveOf(loudness.momentary, 0.4, 1),
  shortTerm: curveOf(loudness.shortTerm, 3, 10),
  beats: Array.from(beats, (seconds) => rounded(seconds, 1_000)),
});

const rounded = (value: number, steps: number): number => Math.round(value * steps) / steps;
