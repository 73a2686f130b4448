import { Array, Effect, Result, Stream } from "effect";
import { join } from "node:path";
import type { Levels, LoudnessPlan, LoudnessResult } from "../../domain/media/Loudness.ts";
import type { MediaFacts } from "../../domain/media/MediaFacts.ts";
import { traits } from "../../domain/media/OutputFormat.ts";
import { secondsAfter } from "../../domain/media/Processing.ts";
import { type Encoding, variantsOf } from "../../domain/media/OutputSpec.ts";
import type { MediaError, OnProgress, RenderedFile, Rendering } from "../../services/MediaEngine.ts";
import { attach, type Extras, findExtras } from "./Attachments.ts";
import { badInput, explain, tooLong } from "./BadInput.ts";
import { cpuSecondsFor, run } from "./FfmpegProcess.ts";
import { readHeader } from "./Header.ts";
import { inputArguments } from "./InputArguments.ts";
import { outputArguments } from "./OutputArguments.ts";
import { type Failed, outcomeOf, prepare } from "./Prepare.ts";
import * as ProgressMeter from "./ProgressMeter.ts";
import { segment } from "./Segmenting.ts";
import { measureLevels, remove } from "./SoundFiles.ts";
import { maxBytesOf, type RenderLimits, verify } from "./Verify.ts";

/** A file to render, and into what. */
export interface RenderJob {
  readonly workspace: string;
  readonly source: string;
  readonly media: MediaFacts;
  readonly encodings: Array.NonEmptyReadonlyArray<Encoding>;
  /** The loudness and true peak of the source, where they are known. */
  readonly levels: Levels | null;
  /** A picture to take instead of the source's. */
  readonly cover?: string;
  readonly onProgress: OnProgress;
}

/** How one output ended. */
type Outcome = Result.Result<RenderedFile, Failed>;

/**
 * Renders all outputs by one ffmpeg process, which decodes once; then reads each one back to make sure of it. Where that process
 * fails because of an output, each is rendered apart, so that one cannot spoil the others.
 */
export const render = Effect.fnUntraced(function* (job: RenderJob, limits: RenderLimits) {
  const header = yield* readHeader(job.source);
  const { isWide } = header;
  const extras = yield* findExtras(job, header);
  const onProgress = rising(job.onProgress);
  const together = yield* Effect.result(renderTogether({ ...job, onProgress }, isWide, extras, limits));
  if (Result.isSuccess(together)) return yield* sorted(together.success);
  const { encodings } = job;
  if (encodings.length === 1 || !isOfOneOutput(together.failure)) return yield* together.failure;
  const apart = yield* Effect.forEach(encodings, (encoding, index) => {
    const part = portion(onProgress, index / encodings.length, (index + 1) / encodings.length);
    return renderTogether({ ...job, encodings: [encoding], onProgress: part }, isWide, extras, limits).pipe(
      Effect.catchReason("MediaError", "BadInput", ({ failure: reason }) => {
        const outcome: Outcome = Result.fail({ encoding, reason });
        return Effect.succeed([outcome]);
      }),
    );
  });
  const rendering = yield* sorted(apart.flat());
  yield* onProgress(1);
  return rendering;
});

const isOfOneOutput = ({ reason }: MediaError): boolean =>
  reason._tag === "BadInput" && reason.failure.stage === "encode";

const sorted = (outcomes: ReadonlyArray<Outcome>): Effect.Effect<Rendering, MediaError> => {
  const [files, failed] = Array.separate(outcomes);
  if (Array.isReadonlyArrayNonEmpty(files)) return Effect.succeed({ files, failed });
  const reason = failed[0]?.reason;
  return reason
    ? Effect.fail(badInput(reason.code, reason.stage, reason.detail))
    : Effect.die("rendered nothing of nothing");
};

/** Shares of a part of the work as shares of the whole. */
const portion = (onProgress: OnProgress, from: number, to: number): OnProgress => (share) =>
  onProgress(from + share * (to - from));

/** Leaves out what would be a step back. */
const rising = (onProgress: OnProgress): OnProgress => {
  let highest = 0;
  return (share) => {
    if (share <= highest) return Effect.void;
    highest = share;
    return onProgress(share);
  };
};

const renderTogether = Effect.fnUntraced(function* (
  job: RenderJob,
  isWide: boolean,
  extras: Extras,
  limits: RenderLimits,
) {
  const { workspace, source, media, levels, encodings } = job;
  const isLevelled = encodings.some(({ loudness }) => loudness !== null);
  const [first, last] = isLevelled ? [0.4, 0.8] : [0, 1];
  const material = { ...limits, workspace, source: { path: source, media }, isWide, levels };
  const prepared = yield* prepare(material, encodings, portion(job.onProgress, 0, first));
  const outputs = prepared.flatMap((output) => Result.isSuccess(output) ? [output.success] : []);
  if (outputs.length === 0) {
    return prepared.flatMap((output) => Result.isFailure(output) ? [Result.fail(output.failure)] : []);
  }
  const inputs = [...new Set(outputs.map(({ path }) => path))];
  const beside = yield* attach(workspace, outputs, extras, inputs.length);
  const fileOf = ({ name, format, bitrateKbps }: Encoding) =>
    traits[format].bitratesKbps === null
      ? join(workspace, `${name}.${traits[format].extension}`)
      : join(workspace, `_${name}-${bitrateKbps}.mp4`);
  const variants = outputs.flatMap(({ encoding }) => variantsOf(encoding));
  const lengthOf = ({ processing }: Encoding) => secondsAfter(processing, media.durationSeconds);
  const lengths = outputs.map(({ encoding }) => lengthOf(encoding));
  const progress = ProgressMeter.make(portion(job.onProgress, first, last), Math.max(...lengths));
  const samples = [media, ...variants].reduce(
    (sum, { sampleRate, channels }) =>
      sum + sampleRate * channels * Math.max(media.durationSeconds, ...lengths),
    0,
  );
  let renderedSeconds = 0;
  const { log } = yield* run({
    name: "ffmpeg render",
    program: "ffmpeg",
    args: [
      // At its end it then tells how many samples each encoder was given.
      ...["-loglevel", "level+verbose", "-y", "-progress", "pipe:1"],
      ...inputs.flatMap((
        path,
      ) => ["-threads", "2", "-t", `${limits.maxSeconds + 1}`, ...inputArguments(path)]),
      ...beside.inputs,
      ...beside.outputs.flatMap((output, index) =>
        outputArguments({ ...output, input: inputs.indexOf(output.path) }, media.tags, index, fileOf)
      ),
    ],
    directory: workspace,
    cpuSeconds: cpuSecondsFor(samples),
    // Of several outputs, ffmpeg's own option -fs stops none before all have reached it.
    fileBytes: Math.max(...outputs.map(({ encoding }) => maxBytesOf(encoding, limits))),
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
    )).pipe(
      Effect.catchTag("ProcessFailed", (failed) => Effect.fail(explain(failed))),
      Effect.ensuring(Effect.forEach(inputs.filter((path) => path !== source), remove, { discard: true })),
    );
  // Encoders add a little at both ends.
  if (renderedSeconds > limits.maxSeconds + 0.5) return yield* tooLong("decode", limits.maxSeconds);
  const outcomes = yield* Effect.forEach(prepared, (output) => {
    if (Result.isFailure(output)) return Effect.succeed<Outcome>(Result.fail(output.failure));
    const { encoding, plan } = output.success;
    const samples = encodedSamples(log, variants.findIndex(({ name }) => name === encoding.name));
    return outcomeOf(
      encoding,
      Effect.gen(function* () {
        const { bitratesKbps } = encoding;
        const written = bitratesKbps && Array.map(bitratesKbps, (bitrateKbps) => ({
          bitrateKbps,
          path: fileOf({ ...encoding, bitrateKbps }),
        }));
        const verified = written === null
          ? yield* verify({ encoding, path: fileOf(encoding), samples }, lengthOf(encoding), limits)
          : yield* segment(
            { encoding, variants: written, samples },
            join(workspace, "_variants"),
            lengthOf(encoding),
            limits,
          );
        // Of variants, the one of the highest bit rate is measured.
        const path = written?.at(-1)?.path ?? verified.path;
        return { ...verified, loudness: plan && (yield* resultOf(plan, job, { ...verified, path }, limits)) };
      }),
    );
  }, { concurrency: 2 });
  yield* progress.end;
  yield* job.onProgress(1);
  return outcomes;
});

/**
 * How many samples the encoder of an output was given; `null` where ffmpeg does not tell. It tells at its end; before, it prints tags,
 * but none at the beginning of a line.
 */
const encodedSamples = (log: string, output: number): number | null => {
  const line = `^(?:\\[[^\\]]*\\] )*\\[verbose\\] +Output stream #${output}:0 .*\\((\\d+) samples\\)`;
  const samples = Number([...log.matchAll(new RegExp(line, "gm"))].at(-1)?.[1] ?? NaN);
  return Number.isSafeInteger(samples) ? samples : null;
};

/** What became of an output's loudness, measured in the finished file. */
const resultOf = (
  plan: LoudnessPlan,
  { workspace, media }: RenderJob,
  { path, durationSeconds, encoding: { format, sampleRate, channels } }: Omit<RenderedFile, "loudness">,
  { maxSeconds, maxBytes }: RenderLimits,
) => {
  // Opus is decoded at 48 kHz, whatever it was made from.
  const found = { ...media, durationSeconds, channels, sampleRate: format === "opus" ? 48_000 : sampleRate };
  return Effect.map(
    // Encoders add a little at both ends.
    measureLevels({ workspace, maxSeconds: maxSeconds + 1, maxBytes }, { path, media: found }),
    (after): LoudnessResult => ({ ...plan, after }),
  );
};
