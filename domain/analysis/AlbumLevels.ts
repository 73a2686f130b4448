import type { Levels } from "../media/Loudness.ts";
import { gated, meanSquareOf } from "../signal/LoudnessMeter.ts";
import type { AnalysisCurves } from "./AnalysisCurves.ts";

/** What an analysis knows of one recording of an album; `momentary` is `null` where it has stored no curve. */
export interface Track extends Levels {
  readonly decodedSeconds: number;
  readonly momentary: AnalysisCurves["momentary"] | null;
}

/** The gating blocks of BS.1770-4 come every tenth of a second, and last four. */
const BLOCK_STEP = 0.1;
const BLOCK_TENTHS = 4;

/**
 * The levels of an album as if its recordings were one: the loudness gated over the blocks of all (ITU-R BS.1770-4), the highest true
 * peak. A recording whose momentary loudness is stored in coarser steps than blocks (of over an hour), or not at all, counts as so many
 * blocks of its own integrated loudness.
 */
export const albumLevels = (tracks: ReadonlyArray<Track>): Levels => {
  const blocks = tracks.map(blocksOf);
  const all = new Float64Array(blocks.reduce((sum, { length }) => sum + length, 0));
  let filled = 0;
  for (const some of blocks) {
    all.set(some, filled);
    filled += some.length;
  }
  const peaks = tracks.flatMap(({ truePeakDbtp }) => truePeakDbtp === null ? [] : [truePeakDbtp]);
  return {
    integratedLufs: gated(all).integratedLufs,
    truePeakDbtp: peaks.length === 0 ? null : Math.max(...peaks),
  };
};

const blocksOf = ({ integratedLufs, decodedSeconds, momentary }: Track): Float64Array => {
  if (momentary?.stepSeconds === BLOCK_STEP) {
    return Float64Array.from(momentary.lufs, (lufs) => lufs === null ? 0 : meanSquareOf(lufs));
  }
  if (integratedLufs === null) return new Float64Array();
  const count = Math.max(0, Math.floor(10 * decodedSeconds) - BLOCK_TENTHS + 1);
  return new Float64Array(count).fill(meanSquareOf(integratedLufs));
};
