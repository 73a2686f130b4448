import { Array, Effect, Stream } from "effect";
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { traits } from "../../domain/media/OutputFormat.ts";
import type { MediaFacts } from "../../domain/media/MediaFacts.ts";
import type { Encoding } from "../../domain/media/OutputSpec.ts";
import type { OnProgress, RenderedFile } from "../../services/MediaEngine.ts";
import { badInput, fromProcess, outputTooLarge, tooLong } from "./BadInput.ts";
import { cpuSecondsFor, type ProcessFailed, run, unavailable } from "./FfmpegProcess.ts";
import { readHeader } from "./Header.ts";
import { inputArguments } from "./InputArguments.ts";
import * as LameTag from "./LameTag.ts";
import { outputArguments } from "./OutputArguments.ts";
import * as ProgressMeter from "./ProgressMeter.ts";

/** A file to render, and into what. */
export interface RenderJob {
  readonly workspace: string;
  readonly source: string;
  readonly media: MediaFacts;
  readonly encodings: Array.NonEmptyReadonlyArray<Encoding>;
  readonly onProgress: OnProgress;
}

/** What an output may be. */
export interface RenderLimits {
  readonly maxSeconds: number;
  readonly maxBytes: number;
}

/** The sizes in AIFF's header are 32-bit numbers, and no compressed format needs more. WAV goes on as RF64 (EBU Tech 3306). */
const max32BitBytes = 4 * 1024 ** 3 - 1024 ** 2;

const maxBytesOf = ({ format }: Encoding, limits: RenderLimits): number =>
  format === "wav" ? limits.maxBytes : Math.min(limits.maxBytes, max32BitBytes);

/** Renders all outputs by one ffmpeg process, which decodes once; then reads each one back to make sure of it. */
export const render = Effect.fnUntraced(function* (job: RenderJob, limits: RenderLimits) {
  const { isWide } = yield* readHeader(job.source);
  const outputs = Array.map(job.encodings, (encoding) => ({
    encoding,
    path: join(job.workspace, `${encoding.name}.${traits[encoding.format].extension}`),
  }));
  const progress = ProgressMeter.make(job.onProgress, job.media.durationSeconds);
  const samples = [job.media, ...job.encodings]
    .reduce((sum, { sampleRate, channels }) => sum + sampleRate * channels * job.media.durationSeconds, 0);
  let renderedSeconds = 0;
  const { log } = yield* run({
    name: "ffmpeg render",
    program: "ffmpeg",
    args: [
      // At its end it then tells how many samples each encoder was given.
      ...["-loglevel", "level+verbose"],
      ...["-y", "-progress", "pipe:1", "-threads", "2", "-t", `${limits.maxSeconds + 1}`],
      ...inputArguments(job.source),
      ...outputs.flatMap(({ encoding, path }) => [
        ...outputArguments(encoding, job.media, isWide),
        `file:${path}`,
      ]),
    ],
    directory: job.workspace,
    cpuSeconds: cpuSecondsFor(samples),
    // Of several outputs, ffmpeg's own option -fs stops none before all have reached it.
    fileBytes: Math.max(...job.encodings.map((encoding) => maxBytesOf(encoding, limits))),
  }, (stdout) =>
    stdout.pipe(
      Stream.decodeText(),
      Stream.splitLines,
      Stream.runForEach((line) => {
        const micros = /^out_time_us=(\d+)$/.exec(line)?.[1];
        if (micros === undefined) return Effect.void;
        renderedSeconds = Number(micros) / 1e6;
        return progress.at(renderedSeconds);
      }),
    )).pipe(Effect.catchTag("ProcessFailed", (failed) => Effect.fail(explain(failed))));
  // Encoders add a little at both ends.
  if (renderedSeconds > limits.maxSeconds + 0.5) return yield* tooLong("decode", limits.maxSeconds);
  const files = yield* Effect.forEach(
    outputs,
    (output, index) =>
      verify({ ...output, samples: encodedSamples(log, index) }, job.media.durationSeconds, limits),
    { concurrency: 2 },
  );
  yield* progress.end;
  return files;
});

/** ffmpeg's exit code when most of the input could not be decoded. */
const undecodableExit = 69;

const explain = (failed: ProcessFailed) => {
  const isDecoding = failed.exitCode === undecodableExit ||
    /while opening decoder|Cannot determine format of input/.test(failed.log);
  return isDecoding
    ? fromProcess("decode", { code: "DECODE_FAILED", detail: "The audio could not be decoded" })(failed)
    : fromProcess("encode", { code: "ENCODE_FAILED", detail: "An output could not be encoded" })(failed);
};

/** How many samples the encoder of an output was given; `null` where ffmpeg does not tell. */
const encodedSamples = (log: string, output: number): number | null => {
  const line = new RegExp(`Output stream #${output}:0 .*\\((\\d+) samples\\)`).exec(log);
  return line === null ? null : Number(line[1]);
};

/** Some formats cannot hold a few samples: what is written is empty or cannot be read. */
const shortSeconds = 0.1;

const verify = Effect.fnUntraced(function* (
  { encoding, path, samples }: Pick<RenderedFile, "encoding" | "path"> & { readonly samples: number | null },
  sourceSeconds: number,
  limits: RenderLimits,
) {
  const { size } = yield* Effect.tryPromise({ try: () => stat(path), catch: unavailable });
  if (encoding.format === "mp3" && samples !== null) yield* LameTag.setSamples(path, samples);
  if (size > maxBytesOf(encoding, limits)) return yield* outputTooLarge;
  const durationSeconds = yield* readHeader(path).pipe(
    // Bare streams declare none.
    Effect.map((header) =>
      header.declaredSeconds ?? (samples === null ? header.guessedSeconds : samples / encoding.sampleRate)
    ),
    Effect.catchIf(({ reason }) => reason._tag === "BadInput", () => Effect.succeed(null)),
  );
  if (!durationSeconds) {
    return yield* sourceSeconds < shortSeconds
      ? badInput("ENCODE_FAILED", "encode", `The audio is too short for ${encoding.format}`)
      : badInput("DECODE_FAILED", "decode", "Nothing in the audio could be decoded");
  }
  const file: RenderedFile = {
    encoding,
    path,
    sizeBytes: size,
    sha256: yield* digest(path),
    durationSeconds,
  };
  return file;
});

const digest = (path: string) =>
  Effect.tryPromise({
    try: async (signal) => {
      const hash = createHash("sha256");
      await pipeline(createReadStream(path), hash, { signal });
      return hash.digest("hex");
    },
    catch: unavailable,
  });
