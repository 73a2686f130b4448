import { Schema } from "effect";
import { UploadId } from "../Id.ts";

/** What an output is brought to. Loudness in LUFS, the ceiling in dBTP, the tolerance in LU. */
export const LoudnessTarget = Schema.Struct({
  targetLufs: Schema.Finite.check(Schema.isBetween({ minimum: -70, maximum: -5 })),
  /** What the true peak stays below, −1 unless told. */
  ceilingDbtp: Schema.optionalKey(Schema.Finite.check(Schema.isBetween({ minimum: -20, maximum: 0 }))),
  /** `gain`, unless told: one gain for all of it, less than needed where the ceiling binds. `limit`: a limiter holds the peaks. */
  mode: Schema.optionalKey(Schema.Literals(["gain", "limit"])),
  /** Audio that is no further from the target, and below the ceiling, is left alone; 0 unless told. */
  toleranceLu: Schema.optionalKey(Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 10 }))),
  /**
   * The uploads that share one gain, which brings all of them together to the target; the converted one belongs to them, listed or not.
   * Only with the mode `gain`.
   */
  album: Schema.optionalKey(Schema.Array(UploadId).check(Schema.isBetweenLength(1, 100))),
});
export type LoudnessTarget = typeof LoudnessTarget.Type;

/** Integrated loudness and true peak; `null` where silence, or too little audio, has none. */
export const Levels = Schema.Struct({
  integratedLufs: Schema.NullOr(Schema.Finite),
  truePeakDbtp: Schema.NullOr(Schema.Finite),
});
export type Levels = typeof Levels.Type;

/** What was done about the loudness of an output; `after` was measured in the finished file, decoded. */
export const LoudnessResult = Schema.Struct({
  mode: Schema.Literals(["gain", "limit"]),
  /** Whose loudness the gain was found from, and whose `before` is: that of the output, or of its whole album. */
  scope: Schema.Literals(["output", "album"]),
  before: Levels,
  after: Levels,
  gainDb: Schema.Finite,
  /** `truePeak`: the ceiling kept the gain smaller, or the limiter was at work. */
  limitedBy: Schema.NullOr(Schema.Literal("truePeak")),
  /** Why nothing was done; `tooLittle`: under 400 ms, or nowhere above −70 LUFS. */
  skipped: Schema.NullOr(Schema.Literals(["silent", "tooLittle", "withinTolerance"])),
});
export type LoudnessResult = typeof LoudnessResult.Type;

/** What is to be done, before it has been. */
export type LoudnessPlan = Pick<
  LoudnessResult,
  "mode" | "scope" | "before" | "gainDb" | "limitedBy" | "skipped"
>;

/** The ceiling of a target, in dBTP. */
export const ceilingOf = ({ ceilingDbtp = -1 }: LoudnessTarget): number => ceilingDbtp;

/** What brings audio of the given levels, or its album, to a target: the gain, and whether the ceiling binds. */
export const plan = (target: LoudnessTarget, before: Levels): LoudnessPlan => {
  const { targetLufs, mode = "gain", toleranceLu = 0 } = target;
  const scope = target.album === undefined ? "output" as const : "album" as const;
  const nothing = { mode, scope, before, gainDb: 0, limitedBy: null };
  const { integratedLufs, truePeakDbtp } = before;
  if (truePeakDbtp === null) return { ...nothing, skipped: "silent" };
  if (integratedLufs === null) return { ...nothing, skipped: "tooLittle" };
  const wanted = targetLufs - integratedLufs;
  const room = ceilingOf(target) - truePeakDbtp;
  if (Math.abs(wanted) <= toleranceLu && room >= 0) return { ...nothing, skipped: "withinTolerance" };
  const isBound = wanted > room;
  return {
    mode,
    scope,
    before,
    gainDb: isBound && mode === "gain" ? room : wanted,
    limitedBy: isBound ? "truePeak" : null,
    skipped: null,
  };
};

/** What a loudness may be off its target where no ceiling binds, in LU. */
const toleratedLu = 0.02;

/** By how much peaks are aimed below the ceiling where a codec has moved them: it will not move them in just the same way again. */
const marginDb = 0.1;

/** How much of the room that a codec has left below the ceiling is taken at once, for the same reason. */
const cautious = 0.75;

/** How a plan turned out, given the levels of the finished output, which its codec may have moved. */
export const resultOf = (target: LoudnessTarget, plan: LoudnessPlan, after: Levels): LoudnessResult => {
  const { missing, room } = lackOf(target, plan, after);
  const isBound = missing > toleratedLu && missing > room - marginDb;
  return { ...plan, after, limitedBy: isBound ? "truePeak" : plan.limitedBy };
};

/** What an output is to be encoded with again: more gain, or less, and by how much lower a limiter is to hold its peaks; `null` for none. */
export interface Correction {
  readonly gainDb: number;
  readonly limitDb: number | null;
}

/**
 * What makes up for the loudness that a codec has taken or given, as far as the ceiling has room, and for peaks that it has moved
 * beyond the ceiling; `null` where the output is near enough, and where the gain is not its own.
 */
export const correction = (target: LoudnessTarget, result: LoudnessResult): Correction | null => {
  const { missing, room } = lackOf(target, result, result.after);
  const aim = room - marginDb, isOver = room < -toleratedLu, isOff = Math.abs(missing) > toleratedLu;
  const isFree = missing <= aim && result.limitedBy === null;
  if (result.mode === "limit" && !isFree) {
    return isOver || isOff ? { gainDb: missing, limitDb: Math.min(0, aim) } : null;
  }
  if (missing <= aim) return isOff ? { gainDb: missing, limitDb: null } : null;
  if (isOver) return { gainDb: aim, limitDb: null };
  return aim > toleratedLu ? { gainDb: cautious * aim, limitDb: null } : null;
};

/** What the loudness lacks, in LU, and how much the peaks may rise: less than 0 where they are beyond the ceiling. */
const lackOf = (
  target: LoudnessTarget,
  { scope, skipped }: LoudnessPlan,
  { integratedLufs, truePeakDbtp }: Levels,
) =>
  scope === "album" || skipped !== null || integratedLufs === null || truePeakDbtp === null
    ? { missing: 0, room: Infinity }
    : { missing: target.targetLufs - integratedLufs, room: ceilingOf(target) - truePeakDbtp };
