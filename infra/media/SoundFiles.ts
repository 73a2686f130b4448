import { Effect } from "effect";
import { rm } from "node:fs/promises";
import { levelsIn } from "../../domain/analysis/AnalysisReport.ts";
import type { Levels } from "../../domain/media/Loudness.ts";
import type { MediaFacts } from "../../domain/media/MediaFacts.ts";
import type { Measurement, MediaError, OnProgress } from "../../services/MediaEngine.ts";
import { badInput, explain } from "./BadInput.ts";
import { cpuSecondsFor, run } from "./FfmpegProcess.ts";
import type { Filters } from "./Filters.ts";
import { boundedInput } from "./InputArguments.ts";
import { measure } from "./Measure.ts";
import * as ProgressMeter from "./ProgressMeter.ts";

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
  onProgress: OnProgress = () => Effect.void,
) => {
  const progress = ProgressMeter.make(
    onProgress,
    Math.max(...sounds.map(({ media }) => media.durationSeconds)),
  );
  return run({
    name: "ffmpeg prepare",
    program: "ffmpeg",
    args: [
      ...["-y", "-progress", "pipe:1"],
      ...boundedInput(from.path, maxSeconds),
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
  }, (stdout) => ProgressMeter.follow(stdout, progress.at)).pipe(
    Effect.catchTag("ProcessFailed", (failed) => Effect.fail(explain(failed))),
    Effect.andThen(progress.end),
  );
};

const samplesOf = ({ sampleRate, channels, durationSeconds }: MediaFacts): number =>
  sampleRate * channels * durationSeconds;

/** The loudness and the true peak of a file. */
export const measureLevels = (
  { workspace, maxSeconds }: SoundLimits,
  { path, media }: Sound,
  onProgress: OnProgress = () => Effect.void,
) =>
  measure({ workspace, source: path, media, parts: ["loudness"], onProgress }, maxSeconds).pipe(
    Effect.flatMap(levelsOf),
  );

/** The levels that a measurement found; fails where it could not. */
export const levelsOf = (
  measurement: Pick<Measurement, "loudness" | "errors">,
): Effect.Effect<Levels, MediaError> => {
  const levels = levelsIn(measurement);
  return levels
    ? Effect.succeed(levels)
    : Effect.fail(badInput("ENCODE_FAILED", "encode", "The loudness could not be measured"));
};
