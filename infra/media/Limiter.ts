import { Effect } from "effect";
import { ceilingOf, type LoudnessPlan, type LoudnessTarget } from "../../domain/media/Loudness.ts";
import type { OnProgress } from "../../services/MediaEngine.ts";
import { type Filters, gainFilter } from "./Filters.ts";
import * as ProgressMeter from "./ProgressMeter.ts";
import { measureLevels, type Sound, type SoundLimits, writeSounds } from "./SoundFiles.ts";

/** How often the limiter is set anew: each round takes two decodes, and brings both figures closer. */
const rounds = 4;

/** What 16-bit samples may add to a peak. */
const marginDb = 0.02;

/** The loudness is near enough. */
const toleranceLu = 0.05;

/** What a limiter leaves of a change of the gain, at least: less is taken for the work of its threshold. */
const minSlope = 0.3;

/** How far the gain may be turned up against what the limiter takes away. */
const maxExtraDb = 6;

/** The filter's least limit. */
const minLimitDb = -24;

/**
 * Brings a sound to a loudness with a limiter where its peaks are in the way. ffmpeg's limiter looks at samples: it works at four
 * times the rate, to see the peaks between them, and its threshold and the gain before it are corrected by what was measured behind
 * it, the gain by the secant method. Writes the limited sound to `path`; answers the gain that was applied, and what must still be
 * taken off for the ceiling to hold.
 */
export const limit = Effect.fnUntraced(function* (
  limits: SoundLimits,
  from: Sound,
  path: string,
  filters: Filters,
  target: LoudnessTarget,
  { gainDb: wanted }: LoudnessPlan,
  onProgress: OnProgress,
) {
  const sound: Sound = { path, media: from.media };
  const ceiling = ceilingOf(target) - marginDb;
  const phase = ProgressMeter.divide(onProgress, 2 * rounds);
  let gainDb = wanted, limitDb = ceiling, excessDb = 0, slope = 1;
  let before: { readonly gainDb: number; readonly lufs: number } | null = null;
  for (let round = 1; round <= rounds; round++) {
    const limiting = limiterFilters(gainDb, limitDb, from.media.sampleRate);
    yield* writeSounds(limits, from, [{ ...sound, filters: [...filters, ...limiting] }], phase(1));
    const { integratedLufs, truePeakDbtp } = yield* measureLevels(limits, sound, phase(1));
    if (integratedLufs === null || truePeakDbtp === null) break;
    excessDb = Math.max(0, truePeakDbtp - ceiling);
    const missing = target.targetLufs - integratedLufs;
    // What exceeds the ceiling is taken off in the end.
    if (round === rounds || Math.abs(missing + excessDb) <= toleranceLu) break;
    if (before !== null && gainDb !== before.gainDb) {
      slope = Math.max(minSlope, Math.min(1, (integratedLufs - before.lufs) / (gainDb - before.gainDb)));
    }
    before = { gainDb, lufs: integratedLufs };
    limitDb -= excessDb;
    gainDb = Math.min(wanted + maxExtraDb, gainDb + missing / slope);
  }
  return { gainDb, excessDb };
});

/** A gain, and a limiter behind it that works at four times the rate. */
export const limiterFilters = (gainDb: number, limitDb: number, sampleRate: number): Filters => {
  const level = 10 ** (Math.max(minLimitDb, limitDb) / 20);
  return [
    gainFilter(gainDb),
    `aresample=${4 * sampleRate}`,
    `alimiter=limit=${level.toFixed(9)}:attack=5:release=50:level=0:latency=1`,
    `aresample=${sampleRate}`,
  ];
};
