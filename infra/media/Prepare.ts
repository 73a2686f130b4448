import { Effect, Result } from "effect";
import { join } from "node:path";
import { ceilingOf, type Correction, type LoudnessPlan, plan } from "../../domain/media/Loudness.ts";
import { obstacle, secondsAfter } from "../../domain/media/Processing.ts";
import type { Encoding } from "../../domain/media/OutputSpec.ts";
import type { MediaError, OnProgress, Rendering } from "../../services/MediaEngine.ts";
import { badInput, tooLong } from "./BadInput.ts";
import {
  countingFilter,
  type Filters,
  finishingFilters,
  isAlike,
  keyOf,
  layoutFilters,
  soundFilters,
} from "./Filters.ts";
import { limit, limiterFilters } from "./Limiter.ts";
import { isOfAlbum, type Material } from "./Material.ts";
import { preparationWork } from "./PreparationWork.ts";
import * as ProgressMeter from "./ProgressMeter.ts";
import { bytesOf, measureLevels, remove, type Sound, writeSounds } from "./SoundFiles.ts";

/** How an output is made, once its loudness is settled. */
export interface Prepared {
  readonly encoding: Encoding;
  /** The source, or a file in the workspace that holds the output's sound already. */
  readonly path: string;
  readonly filters: Filters;
  /** Its samples have more than 16 bits. */
  readonly isWide: boolean;
  readonly plan: LoudnessPlan | null;
  /** The same with what makes up for its codec. */
  readonly corrected: (correction: Correction) => Prepared;
}

/** An output that cannot be made, and why. */
export type Failed = Rendering["failed"][number];

/**
 * Settles how each output is made, or why it cannot be: one cannot spoil the others. One that is to be of a loudness of its own is
 * measured first, as it will sound: from the source where that sounds the same, else from a file that is written for this. A limiter is
 * set once for outputs that sound the same and have the same target.
 */
export const prepare = Effect.fnUntraced(function* (
  material: Material,
  encodings: ReadonlyArray<Encoding>,
  onProgress: OnProgress,
) {
  const { source, levels, albumLevels, maxBytes } = material;
  const works = preparationWork(material, encodings);
  const phase = ProgressMeter.divide(onProgress, works.all);
  const possible = encodings.filter((encoding) => refusalOf(material, encoding) === null);
  const { sounds, failures } = yield* makeSounds(material, possible, phase(works.writing));
  let room = [...sounds.values()].reduce((left, sound) => left - bytesOf(sound), maxBytes);
  const known = new Map(levels === null ? [] : [[source.path, levels]]);
  const limited = new Map<
    string,
    { readonly path: string; readonly gainDb: number; readonly excessDb: number }
  >();
  const settle = Effect.fnUntraced(function* (encoding: Encoding, index: number) {
    const { loudness } = encoding;
    const measuring = phase(works.measuring[index] ?? 0), limiting = phase(works.limiting[index] ?? 0);
    const key = keyOf(encoding, source.media);
    const refusal = refusalOf(material, encoding) ?? (loudness && failures.get(key));
    if (refusal) return yield* refusal;
    const { isWide } = material;
    const made = (
      path: string,
      sounding: Filters,
      gainDb: number,
      plan: LoudnessPlan | null,
      ceiling = loudness ? ceilingOf(loudness) : 0,
    ): Prepared => ({
      ...{ encoding, path, isWide, plan },
      filters: [countingFilter, ...sounding, ...finishingFilters(encoding, gainDb, isWide)],
      corrected: ({ gainDb: more, limitDb }) => {
        const gained = plan && { ...plan, gainDb: plan.gainDb + more };
        if (limitDb === null) return made(path, sounding, gainDb + more, gained, ceiling);
        const lower = ceiling + limitDb;
        const limiting = limiterFilters(gainDb + more, lower, encoding.sampleRate);
        return made(
          path,
          [...sounding, ...limiting],
          0,
          gained && { ...gained, limitedBy: "truePeak" },
          lower,
        );
      },
    });
    if (loudness === null || isOfAlbum(material, encoding)) {
      const planned = loudness && albumLevels && plan(loudness, albumLevels);
      return made(source.path, soundFilters(encoding, source.media), planned?.gainDb ?? 0, planned);
    }
    const sound = sounds.get(key) ?? source;
    const layout = layoutFilters(encoding, encoding.channels);
    const before = known.get(sound.path) ?? (yield* measureLevels(material, sound, measuring));
    known.set(sound.path, before);
    const planned = plan(loudness, before);
    if (planned.mode === "gain" || planned.limitedBy === null) {
      return made(sound.path, layout, planned.gainDb, planned);
    }
    const limiter = [sound.path, ...layout, loudness.targetLufs, ceilingOf(loudness)].join();
    let set = limited.get(limiter);
    if (set === undefined) {
      if (bytesOf(sound) > room) return yield* noRoom;
      const path = join(material.workspace, `_limited-${index}.wav`);
      const found = yield* limit(material, sound, path, layout, loudness, planned, limiting).pipe(
        Effect.onError(() => remove(path)),
      );
      room -= bytesOf(sound);
      set = { path, ...found };
      limited.set(limiter, set);
    }
    const { path, gainDb, excessDb } = set;
    return made(path, layout, -excessDb, { ...planned, gainDb: gainDb - excessDb });
  });
  const prepared: Array<Result.Result<Prepared, Failed>> = [];
  for (const [index, encoding] of encodings.entries()) {
    prepared.push(yield* outcomeOf(encoding, settle(encoding, index)));
    const key = keyOf(encoding, source.media), sound = sounds.get(key);
    const isNeeded = encodings.slice(index + 1).some((later) => keyOf(later, source.media) === key) ||
      prepared.some((made) => Result.isSuccess(made) && made.success.path === sound?.path);
    if (sound !== undefined && !isNeeded) {
      yield* remove(sound.path);
      room += bytesOf(sound);
    }
  }
  yield* onProgress(1);
  return prepared;
});

/** What became of an output: a failure that comes of its input is its own. */
export const outcomeOf = <A, R>(encoding: Encoding, making: Effect.Effect<A, MediaError, R>) =>
  making.pipe(
    Effect.map((made): Result.Result<A, Failed> => Result.succeed(made)),
    Effect.catchReason(
      "MediaError",
      "BadInput",
      ({ failure: reason }) => Effect.succeed<Result.Result<A, Failed>>(Result.fail({ encoding, reason })),
    ),
  );

/** Why an output cannot be made of a source, as far as can be told before it is tried. */
const refusalOf = ({ source: { media }, maxSeconds }: Material, { processing }: Encoding) => {
  const found = obstacle(processing, media);
  if (found !== null) return badInput("ENCODE_FAILED", "encode", found.detail);
  return secondsAfter(processing, media.durationSeconds) > maxSeconds ? tooLong("encode", maxSeconds) : null;
};

const noRoom = badInput("OUTPUT_LIMIT", "encode", "The output needs more room than one conversion may take");

/** Writes what sounds unlike the source and must be measured: each different sound once, by its key; or says why it cannot be. */
const makeSounds = Effect.fnUntraced(function* (
  material: Material,
  encodings: ReadonlyArray<Encoding>,
  onProgress: OnProgress,
) {
  const { source, workspace } = material;
  const sounds = new Map<string, Sound & { readonly filters: Filters }>();
  const failures = new Map<string, MediaError>();
  let room = material.maxBytes;
  for (const encoding of encodings) {
    const key = keyOf(encoding, source.media);
    if (
      encoding.loudness === null || isOfAlbum(material, encoding) || isAlike(encoding, source.media) ||
      sounds.has(key)
    ) continue;
    const { sampleRate, channels, processing } = encoding;
    const durationSeconds = secondsAfter(processing, source.media.durationSeconds);
    const sound = {
      path: join(workspace, `_sound-${sounds.size}.wav`),
      media: { ...source.media, sampleRate, channels, durationSeconds },
      filters: [countingFilter, ...soundFilters(encoding, source.media)],
    };
    if (bytesOf(sound) > room) {
      failures.set(key, noRoom);
    } else {
      room -= bytesOf(sound);
      sounds.set(key, sound);
    }
  }
  const written = [...sounds.values()];
  const failure = written.length === 0
    ? null
    : yield* failureOf(writeSounds(material, source, written, onProgress));
  if (failure === null) return { sounds, failures };
  for (const [key, sound] of sounds) {
    const own = written.length === 1 ? failure : yield* failureOf(writeSounds(material, source, [sound]));
    if (own === null) continue;
    failures.set(key, own);
    sounds.delete(key);
    yield* remove(sound.path);
  }
  return { sounds, failures };
});

/** The failure of an effect that comes of its input, if it has any. */
const failureOf = <R>(effect: Effect.Effect<unknown, MediaError, R>) =>
  effect.pipe(
    Effect.as(null),
    Effect.catchIf(({ reason }) => reason._tag === "BadInput", (error) => Effect.succeed(error)),
  );
