import { Effect, Stream } from "effect";
import { rm } from "node:fs/promises";
import type { Levels } from "../../domain/media/Loudness.ts";
import type { MediaFacts } from "../../domain/media/MediaFacts.ts";
import type { OnProgress } from "../../services/MediaEngine.ts";
import { badInput, explain } from "./BadInput.ts";
import { cpuSecondsFor, run } from "./FfmpegProcess.ts";
import type { Filters } from "./Filters.ts";
import { inputArguments } from "./InputArguments.ts";
import { measure } from "./Measure.ts";

/** Where files of sound may be written, and how much room those of one conversion may take together. */
export interface SoundLimits {
  readonly workspace: string;
  readonly maxSeconds: number;
  readonly maxBytes: number;
}

/** A file with its facts. */
export interface Sound {
  readonly path: string;
  readonly media: MediaFacts;
}

/** The bytes of a sound's file, but for its header. */
export const bytesOf = ({ media: { sampleRate, channels, durationSeconds } }: Sound): number =>
  4 * Math.ceil(sampleRate * durationSeconds) * channels;

/** Removes a file that may be missing. */
export const remove = (path: string): Effect.Effect<void> => Effect.promise(() => rm(path, { force: true }));

/** Passes a file through filters into WAV files of 32-bit floating-point samples, all by one process from one decode. */
export const writeSounds = (
  { workspace, maxSeconds, maxBytes }: SoundLimits,
  from: Sound,
  sounds: ReadonlyArray<Sound & { readonly filters: Filters }>,
) =>
  run({
    name: "ffmpeg prepare",
    program: "ffmpeg",
    args: [
      ...["-y", "-threads", "2", "-t", `${maxSeconds + 1}`, ...inputArguments(from.path)],
      ...sounds.flatMap(({ path, media, filters }) => [
        ...["-map", "0:a:0", "-map_metadata", "-1", "-map_chapters", "-1"],
        ...["-ar", `${media.sampleRate}`, ...(filters.length > 0 ? ["-af", filters.join(",")] : [])],
        ...["-c:a", "pcm_f32le", "-rf64", "auto", "-f", "wav", `file:${path}`],
      ]),
    ],
    directory: workspace,
    // All of the file is decoded, up to where the last sound ends. Filters work at several times the rate.
    cpuSeconds: sounds.reduce(
      (sum, { media }) => sum + cpuSecondsFor(8 * samplesOf(media)),
      cpuSecondsFor(samplesOf(from.media)),
    ),
    fileBytes: maxBytes,
  }, Stream.runDrain).pipe(Effect.catchTag("ProcessFailed", (failed) => Effect.fail(explain(failed))));

const samplesOf = ({ sampleRate, channels, durationSeconds }: MediaFacts): number =>
  sampleRate * channels * durationSeconds;

/** The loudness and the true peak of a file. */
export const measureLevels = (
  { workspace, maxSeconds }: SoundLimits,
  { path, media }: Sound,
  onProgress: OnProgress = () => Effect.void,
) =>
  measure({ workspace, source: path, media, parts: ["loudness"], onProgress }, maxSeconds).pipe(
    Effect.flatMap(({ loudness: { integratedLufs, truePeakDbtp }, errors }) => {
      // Without levels, it would pass for silence.
      if (errors.loudness !== undefined) {
        return Effect.fail(badInput("ENCODE_FAILED", "encode", "The loudness could not be measured"));
      }
      return Effect.succeed<Levels>({ integratedLufs, truePeakDbtp });
    }),
  );
