import { Array, Effect, Result } from "effect";
import { join } from "node:path";
import { resultOf } from "../../domain/media/Loudness.ts";
import { traits } from "../../domain/media/OutputFormat.ts";
import { type Encoding, variantsOf } from "../../domain/media/OutputSpec.ts";
import { secondsAfter } from "../../domain/media/Processing.ts";
import type { OnProgress, RenderedFile } from "../../services/MediaEngine.ts";
import { attach, type Extras } from "./Attachments.ts";
import { explain, tooLong } from "./BadInput.ts";
import { cpuSecondsFor, run } from "./FfmpegProcess.ts";
import { inputArguments } from "./InputArguments.ts";
import type { Material } from "./Material.ts";
import { outputArguments } from "./OutputArguments.ts";
import { type Failed, outcomeOf, type Prepared } from "./Prepare.ts";
import * as ProgressMeter from "./ProgressMeter.ts";
import { segment } from "./Segmenting.ts";
import { measureLevels } from "./SoundFiles.ts";
import { maxBytesOf, verify } from "./Verify.ts";

/** How one output ended. */
export type Outcome = Result.Result<RenderedFile, Failed>;

/**
 * Encodes prepared outputs by one process, over files of theirs that are there already; then reads each one back, and measures it where
 * it is to be of a loudness. Answers how each ended, in their order.
 */
export const encode = Effect.fnUntraced(function* (
  material: Material,
  outputs: ReadonlyArray<Prepared>,
  extras: Extras,
  onEncoding: OnProgress,
  onChecking: OnProgress,
) {
  const { workspace, source: { media }, maxSeconds } = material;
  const inputs = [...new Set(outputs.map(({ path }) => path))];
  const beside = yield* attach(workspace, outputs, extras, inputs.length);
  const fileOf = ({ name, format, bitrateKbps }: Encoding) =>
    traits[format].bitratesKbps === null
      ? join(workspace, `${name}.${traits[format].extension}`)
      : join(workspace, `_${name}-${bitrateKbps}.mp4`);
  const variants = outputs.flatMap(({ encoding }) => variantsOf(encoding));
  const lengthOf = ({ processing }: Encoding) => secondsAfter(processing, media.durationSeconds);
  const lengths = outputs.map(({ encoding }) => lengthOf(encoding));
  const progress = ProgressMeter.make(onEncoding, Math.max(...lengths));
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
      ) => ["-threads", "2", "-t", `${maxSeconds + 1}`, ...inputArguments(path)]),
      ...beside.inputs,
      ...beside.outputs.flatMap((output, index) =>
        outputArguments({ ...output, input: inputs.indexOf(output.path) }, media.tags, index, fileOf)
      ),
    ],
    directory: workspace,
    cpuSeconds: cpuSecondsFor(samples),
    // Of several outputs, ffmpeg's own option -fs stops none before all have reached it.
    fileBytes: Math.max(...outputs.map(({ encoding }) => maxBytesOf(encoding, material))),
  }, (stdout) => ProgressMeter.follow(stdout, progress.at)).pipe(
    Effect.catchTag("ProcessFailed", (failed) => Effect.fail(explain(failed))),
  );
  // Encoders add a little at both ends.
  if (renderedSeconds > maxSeconds + 0.5) return yield* tooLong("decode", maxSeconds);
  yield* progress.end;
  const checking = ProgressMeter.average(onChecking, outputs.filter(({ plan }) => plan !== null).length);
  return yield* Effect.forEach(outputs, ({ encoding, plan }, index) => {
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
          ? yield* verify({ encoding, path: fileOf(encoding), samples }, lengthOf(encoding), material)
          : yield* segment(
            { encoding, variants: written, samples },
            join(workspace, "_variants"),
            lengthOf(encoding),
            material,
          );
        // Of variants, the one of the highest bit rate is measured.
        const path = written?.at(-1)?.path ?? verified.path;
        if (encoding.loudness === null || plan === null) return { ...verified, loudness: null };
        const after = yield* levelsOf(material, { ...verified, path }, checking(index));
        return { ...verified, loudness: resultOf(encoding.loudness, plan, after) };
      }),
    );
  }, { concurrency: 2 });
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

/** The levels of a finished output, decoded. */
const levelsOf = (
  { source: { media }, ...limits }: Material,
  { path, durationSeconds, encoding: { format, sampleRate, channels } }: Omit<RenderedFile, "loudness">,
  onProgress: OnProgress,
) => {
  // Opus is decoded at 48 kHz, whatever it was made from.
  const found = { ...media, durationSeconds, channels, sampleRate: format === "opus" ? 48_000 : sampleRate };
  // Encoders add a little at both ends.
  return measureLevels({ ...limits, maxSeconds: limits.maxSeconds + 1 }, { path, media: found }, onProgress);
};
