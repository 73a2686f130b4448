import { Effect, Stream } from "effect";
import type { MediaError, OnProgress } from "../../services/MediaEngine.ts";
import { RecogniserError } from "../../services/Recogniser.ts";
import { type MediaProcess, type ProcessFailed, run } from "../media/FfmpegProcess.ts";
import * as ProgressMeter from "../media/ProgressMeter.ts";

/** How much of its end is kept of a log that goes into an error. */
const detailCharacters = 2_000;

/**
 * Runs a program to its end, confined as ffmpeg is; returns the lines that it prints, and the end of its log. `secondsIn` says up to where
 * in the recording a line tells, or 0.
 */
export const runRecogniser = Effect.fnUntraced(function* (
  job: MediaProcess & { readonly seconds: number; readonly onProgress: OnProgress },
  secondsIn: (line: string) => number,
) {
  const progress = ProgressMeter.make(job.onProgress, job.seconds);
  const lines: Array<string> = [];
  const { log } = yield* run(job, (stdout) =>
    stdout.pipe(
      Stream.decodeText(),
      Stream.splitLines,
      Stream.runForEach((line) => {
        lines.push(line);
        return progress.at(secondsIn(line));
      }),
    )).pipe(Effect.mapError((error) => toRecogniserError(job.program, error)));
  return { lines, log: log.slice(-detailCharacters) };
});

const toRecogniserError = (program: string, error: ProcessFailed | MediaError): RecogniserError => {
  if (error._tag === "ProcessFailed") {
    return new RecogniserError({
      reason: error.reason === "TimeLimit" ? "Unavailable" : "Refused",
      detail: `${program} (${error.reason}): ${error.log.slice(-detailCharacters)}`,
    });
  }
  const { reason } = error;
  const detail = String(reason._tag === "BadInput" ? reason.failure.detail : reason.cause);
  return new RecogniserError({ reason: "Unavailable", detail: `${program}: ${detail}` });
};
