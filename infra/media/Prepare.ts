import { Effect } from "effect";
import { rename } from "node:fs/promises";
import { join } from "node:path";
import { type Levels, type LoudnessPlan, plan } from "../../domain/media/Loudness.ts";
import { obstacle, secondsAfter } from "../../domain/media/Processing.ts";
import type { Encoding } from "../../domain/media/OutputSpec.ts";
import type { OnProgress } from "../../services/MediaEngine.ts";
import { badInput, tooLong } from "./BadInput.ts";
import { unavailable } from "./FfmpegProcess.ts";
import { type Filters, finishingFilters, isUntouched, layoutFilters, soundFilters } from "./Filters.ts";
import { limit } from "./Limiter.ts";
import { measureLevels, type Sound, type SoundLimits, writeSounds } from "./SoundFiles.ts";

/** How an output is made, once its loudness is settled. */
export interface Prepared {
  readonly encoding: Encoding;
  /** The source, or a file in the workspace that holds the output's sound already. */
  readonly path: string;
  readonly filters: Filters;
  /** Its samples have more than 16 bits. */
  readonly isWide: boolean;
  readonly plan: LoudnessPlan | null;
}

/** What outputs are made of; `levels` are `null` where nobody has measured them yet. */
export interface Material extends SoundLimits {
  readonly source: Sound;
  readonly isWide: boolean;
  readonly levels: Levels | null;
}

/**
 * Settles how each output is made. One that is to be of a loudness is measured first, as it will sound: from the source where that
 * sounds the same, else from a file that is written for this.
 */
export const prepare = Effect.fnUntraced(function* (
  material: Material,
  encodings: ReadonlyArray<Encoding>,
  onProgress: OnProgress,
) {
  const { source, isWide } = material;
  for (const { processing } of encodings) {
    const why = obstacle(processing, source.media);
    if (why !== null) return yield* badInput("ENCODE_FAILED", "encode", why);
    if (secondsAfter(processing, source.media.durationSeconds) > material.maxSeconds) {
      return yield* tooLong("encode", material.maxSeconds);
    }
  }
  const sounds = yield* makeSounds(material, encodings);
  const known = new Map<string, Levels>();
  if (material.levels !== null) known.set(source.path, material.levels);
  const prepared: Array<Prepared> = [];
  for (const [index, encoding] of encodings.entries()) {
    const { loudness } = encoding;
    const filters = soundFilters(encoding, source.media);
    if (loudness === null) {
      const finish = finishingFilters(encoding, 0, isWide);
      prepared.push({ encoding, path: source.path, filters: [...filters, ...finish], isWide, plan: null });
      continue;
    }
    const made = sounds.get(keyOf(encoding, source));
    const sound = made ?? source;
    const layout = layoutFilters(encoding, encoding.channels);
    const levels = known.get(sound.path) ?? (yield* measureLevels(material, sound));
    known.set(sound.path, levels);
    const planned = plan(loudness, levels);
    if (planned.mode === "limit" && planned.limitedBy !== null) {
      const limited = yield* limit(material, sound, layout, loudness, planned);
      const path = join(material.workspace, `_limited-${index}.wav`);
      yield* Effect.tryPromise({ try: () => rename(limited.path, path), catch: unavailable });
      const finish = finishingFilters(encoding, -limited.excessDb, isWide);
      const gainDb = limited.gainDb - limited.excessDb;
      prepared.push({
        encoding,
        path,
        filters: [...layout, ...finish],
        isWide,
        plan: { ...planned, gainDb },
      });
    } else {
      const finish = finishingFilters(encoding, planned.gainDb, isWide);
      prepared.push({ encoding, path: sound.path, filters: [...layout, ...finish], isWide, plan: planned });
    }
    yield* onProgress((index + 1) / encodings.length);
  }
  return prepared;
});

/** Whether an output sounds as its source does, but for its codec. */
const isAlike = (encoding: Encoding, { media }: Sound): boolean =>
  encoding.sampleRate === media.sampleRate && encoding.channels === media.channels && isUntouched(encoding);

/** Outputs with the same key sound the same. */
const keyOf = (encoding: Encoding, { media }: Sound): string =>
  [encoding.sampleRate, ...soundFilters(encoding, media)].join();

/** Writes what sounds unlike the source and must be measured: each different sound once, by its key. */
const makeSounds = Effect.fnUntraced(function* (material: Material, encodings: ReadonlyArray<Encoding>) {
  const { source, workspace } = material;
  const sounds = new Map<string, Sound & { readonly filters: Filters }>();
  for (const encoding of encodings) {
    const key = keyOf(encoding, source);
    if (encoding.loudness === null || isAlike(encoding, source) || sounds.has(key)) continue;
    const { sampleRate, channels, processing } = encoding;
    const durationSeconds = secondsAfter(processing, source.media.durationSeconds);
    sounds.set(key, {
      path: join(workspace, `_sound-${sounds.size}.wav`),
      media: { ...source.media, sampleRate, channels, durationSeconds },
      filters: soundFilters(encoding, source.media),
    });
  }
  if (sounds.size > 0) yield* writeSounds(material, source.path, [...sounds.values()]);
  return sounds;
});
