import { Array, Effect, Result } from "effect";
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
import type { Material } from "./Material.ts";
import { outputArguments } from "./OutputArguments.ts";
import { preparationWork } from "./PreparationWork.ts";
import { type Failed, outcomeOf, prepare } from "./Prepare.ts";
import * as ProgressMeter from "./ProgressMeter.ts";
import { segment } from "./Segmenting.ts";
import { measureLevels, remove } from "./SoundFiles.ts";
import { isUnsettled, settleExtent } from "./SourceExtent.ts";
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
  /** Those of the album whose gain outputs get that ask for it. */
  readonly albumLevels?: Levels | null;
  /** How long the source is when it is decoded, where that is known. */
  readonly decodedSeconds?: number | undefined;
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
  const onProgress = ProgressMeter.rising(job.onProgress);
  const extentWork = isUnsettled(job) ? 1 : 0;
  const { all } = worksOf(materialOf(job, isWide, limits), job.encodings);
  const phase = ProgressMeter.divide(onProgress, extentWork + all);
  const { media, settled } = yield* settleExtent(
    { ...job, onProgress: phase(extentWork) },
    limits.maxSeconds,
  );
  const [encodings, unmade] = Array.separate(settled);
  const failures = unmade.map((failed) => Result.fail(failed));
  if (!Array.isReadonlyArrayNonEmpty(encodings)) return yield* sorted(failures);
  const extras = yield* findExtras({ ...job, media, encodings }, header);
  const rest = phase(all);
  const possible = { ...job, media, encodings, onProgress: rest };
  const together = yield* Effect.result(renderTogether(possible, isWide, extras, limits));
  if (Result.isSuccess(together)) return yield* sorted([...together.success, ...failures]);
  if (encodings.length === 1 || !isOfOneOutput(together.failure)) return yield* together.failure;
  const portion = ProgressMeter.divide(rest, encodings.length);
  const apart = yield* Effect.forEach(
    encodings,
    (encoding) =>
      renderTogether({ ...possible, encodings: [encoding], onProgress: portion(1) }, isWide, extras, limits)
        .pipe(
          Effect.catchReason("MediaError", "BadInput", ({ failure: reason }) => {
            const outcome: Outcome = Result.fail({ encoding, reason });
            return Effect.succeed([outcome]);
          }),
        ),
  );
  return yield* sorted([...apart.flat(), ...failures]);
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

const materialOf = (
  { workspace, source: path, media, levels, albumLevels = null }: RenderJob,
  isWide: boolean,
  limits: RenderLimits,
): Material => ({ ...limits, workspace, source: { path, media }, isWide, levels, albumLevels });

/** How much work each phase is, in decodes of the source. */
const worksOf = (material: Material, encodings: ReadonlyArray<Encoding>) => {
  const preparing = preparationWork(material, encodings).all;
  const encoding = encodings.length;
  const checking = encodings.filter(({ loudness }) => loudness !== null).length;
  return { preparing, encoding, checking, all: preparing + encoding + checking };
};

const renderTogether = Effect.fnUntraced(function* (
  job: RenderJob,
  isWide: boolean,
  extras: Extras,
  limits: RenderLimits,
) {
  const { workspace, source, media, encodings } = job;
  const material = materialOf(job, isWide, limits);
  const works = worksOf(material, encodings);
  const phase = ProgressMeter.divide(job.onProgress, works.all);
  const prepared = yield* prepare(material, encodings, phase(works.preparing));
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
  const progress = ProgressMeter.make(phase(works.encoding), Math.max(...lengths));
  const samples = [media, ...variants].reduce(
    (sum, { sampleRate, channels }) =>
      sum + sampleRate * channels * Math.max(media.durationSeconds, ...lengths),
    0,
  );
  const { log, output: renderedSeconds } = yield* run({
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
  }, (stdout) => ProgressMeter.follow(stdout, progress.at)).pipe(
    Effect.catchTag("ProcessFailed", (failed) => Effect.fail(explain(failed))),
    Effect.ensuring(Effect.forEach(inputs.filter((path) => path !== source), remove, { discard: true })),
  );
  // Encoders add a little at both ends.
  if (renderedSeconds > limits.maxSeconds + 0.5) return yield* tooLong("decode", limits.maxSeconds);
  yield* progress.end;
  const checking = ProgressMeter.average(phase(works.checking), works.checking);
  const outcomes = yield* Effect.forEach(prepared, (output, index) => {
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
        return {
          ...verified,
          loudness: plan && (yield* resultOf(plan, material, { ...verified, path }, checking(index))),
        };
      }),
    );
  }, { concurrency: 2 });
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
  { source: { media }, ...limits }: Material,
  { path, durationSeconds, encoding: { format, sampleRate, channels } }: Omit<RenderedFile, "loudness">,
  onProgress: OnProgress,
) => {
  // Opus is decoded at 48 kHz, whatever it was made from.
  const found = { ...media, durationSeconds, channels, sampleRate: format === "opus" ? 48_000 : sampleRate };
  return Effect.map(
    // Encoders add a little at both ends.
    measureLevels({ ...limits, maxSeconds: limits.maxSeconds + 1 }, { path, media: found }, onProgress),
    (after): LoudnessResult => ({ ...plan, after }),
  );
};
