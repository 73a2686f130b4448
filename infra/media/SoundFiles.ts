import { Effect, Stream } from "effect";
import type { Levels } from "../../domain/media/Loudness.ts";
import type { MediaFacts } from "../../domain/media/MediaFacts.ts";
import type { OnProgress } from "../../services/MediaEngine.ts";
import { explain } from "./BadInput.ts";
import { cpuSecondsFor, run } from "./FfmpegProcess.ts";
import type { Filters } from "./Filters.ts";
import { inputArguments } from "./InputArguments.ts";
import { measure } from "./Measure.ts";

/** Where files of sound may be written, and how large they may get. */
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

/** Passes a file through filters into WAV files of 32-bit floating-point samples, all by one process from one decode. */
export const writeSounds = (
  { workspace, maxSeconds, maxBytes }: SoundLimits,
  from: string,
  sounds: ReadonlyArray<Sound & { readonly filters: Filters }>,
) =>
  run({
    name: "ffmpeg prepare",
    program: "ffmpeg",
    args: [
      ...["-y", "-threads", "2", "-t", `${maxSeconds + 1}`, ...inputArguments(from)],
      ...sounds.flatMap(({ path, media, filters }) => [
        ...["-map", "0:a:0", "-map_metadata", "-1", "-map_chapters", "-1"],
        ...["-ar", `${media.sampleRate}`, ...(filters.length > 0 ? ["-af", filters.join(",")] : [])],
        ...["-c:a", "pcm_f32le", "-rf64", "auto", "-f", "wav", `file:${path}`],
      ]),
    ],
    directory: workspace,
    // Filters work at several times the rate.
    cpuSeconds: sounds.reduce(
      (sum, { media }) => sum + cpuSecondsFor(8 * media.sampleRate * media.channels * media.durationSeconds),
      0,
    ),
    fileBytes: maxBytes,
  }, Stream.runDrain).pipe(Effect.catchTag("ProcessFailed", (failed) => Effect.fail(explain(failed))));

/** The loudness and the true peak of a file. */
export const measureLevels = (
  { workspace, maxSeconds }: SoundLimits,
  { path, media }: Sound,
  onProgress: OnProgress = () => Effect.void,
) =>
  measure({ workspace, source: path, media, onProgress }, maxSeconds).pipe(
    Effect.map(({ loudness: { integratedLufs, truePeakDbtp } }): Levels => ({
      integratedLufs,
      truePeakDbtp,
    })),
  );
