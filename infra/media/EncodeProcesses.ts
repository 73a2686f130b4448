import { Effect } from "effect";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { type Encoding, variantsOf } from "../../domain/media/OutputSpec.ts";
import { secondsAfter } from "../../domain/media/Processing.ts";
import type { OnProgress } from "../../services/MediaEngine.ts";
import { runProgram } from "../system/Program.ts";
import { attach, type Extras } from "./Attachments.ts";
import { explain, tooLong } from "./BadInput.ts";
import { codecs, decodingWork } from "./Codecs.ts";
import { cpuSecondsFor, run } from "./FfmpegProcess.ts";
import { countingFilter } from "./Filters.ts";
import { boundedInput } from "./InputArguments.ts";
import type { Material } from "./Material.ts";
import { outputArguments } from "./OutputArguments.ts";
import type { Prepared } from "./Prepare.ts";
import * as ProgressMeter from "./ProgressMeter.ts";
import { remove } from "./SoundFiles.ts";
import { maxBytesOf } from "./Verify.ts";

/** The encoders of PCM that keep every bit of samples, by ffmpeg's names of packed formats. */
const pcmFor: ReadonlyMap<string, string> = new Map([
  ...[["u8", "pcm_u8"], ["s16", "pcm_s16le"], ["s32", "pcm_s32le"]] as const,
  ...[["flt", "pcm_f32le"], ["dbl", "pcm_f64le"]] as const,
]);

/** From here on a second process is worth its start. */
const worthwhileSeconds = 30;

/**
 * Encodes prepared outputs, each variant into the file that `fileOf` answers. Answers how many samples the encoder of each output was
 * given, by the outputs' names; `null` where ffmpeg does not tell. ffmpeg 5 encodes on one core: several outputs of a longer source are
 * shared by two processes, of which the first passes on what it has decoded, so that they are the same bytes from one decode.
 */
export const runEncoders = Effect.fnUntraced(function* (
  material: Material,
  outputs: ReadonlyArray<Prepared>,
  extras: Extras,
  fileOf: (variant: Encoding) => string,
  onProgress: OnProgress,
) {
  const { workspace, source: { path: source, media }, sampleFormat, maxSeconds } = material;
  const inputs = [...new Set(outputs.map(({ path }) => path))];
  const beside = yield* attach(workspace, outputs, extras, inputs.length);
  const lengths = outputs.map(({ encoding }) => secondsAfter(encoding.processing, media.durationSeconds));
  const longest = Math.max(media.durationSeconds, ...lengths);

  /** Runs one process from inputs, given as options, to some of the outputs, and to one more. */
  const encode = Effect.fnUntraced(function* (
    from: ReadonlyArray<string>,
    some: ReadonlyArray<(typeof beside.outputs)[number]>,
    oneMore: ReadonlyArray<string>,
    onProgress: OnProgress,
  ) {
    const variants = some.flatMap(({ encoding }) => variantsOf(encoding));
    const samples = [media, ...variants].reduce(
      (sum, { sampleRate, channels }) => sum + sampleRate * channels * longest,
      0,
    );
    const progress = ProgressMeter.make(onProgress, Math.max(...lengths));
    const { log, output: renderedSeconds } = yield* run({
      name: "ffmpeg render",
      program: "ffmpeg",
      args: [
        // At its end it then tells how many samples each encoder was given.
        ...["-loglevel", "level+verbose", "-y", "-progress", "pipe:1", ...from, ...beside.inputs],
        ...some.flatMap((output, index) =>
          outputArguments({ ...output, input: inputs.indexOf(output.path) }, media.tags, index, fileOf)
        ),
        ...oneMore,
      ],
      directory: workspace,
      cpuSeconds: cpuSecondsFor(samples),
      // Of several outputs, ffmpeg's own option -fs stops none before all have reached it.
      fileBytes: Math.max(...some.map(({ encoding }) => maxBytesOf(encoding, material))),
    }, (stdout) => ProgressMeter.follow(stdout, progress.at)).pipe(
      Effect.catchTag("ProcessFailed", (failed) => Effect.fail(explain(failed))),
    );
    // Encoders add a little at both ends.
    if (renderedSeconds > maxSeconds + 0.5) return yield* tooLong("decode", maxSeconds);
    yield* progress.end;
    return some.map(({ encoding: { name } }) =>
      [name, encodedSamples(log, variants.findIndex((variant) => variant.name === name))] as const
    );
  });

  const reading = (path: string) => boundedInput(path, maxSeconds);
  const isOfSource = outputs.every(({ path }) => path === source);
  const isLong = media.durationSeconds >= worthwhileSeconds;
  const [first, second] = dealOut(beside.outputs, media);
  const passedAs = sampleFormat === null ? undefined : pcmFor.get(sampleFormat.replace(/p$/, ""));
  const isWorthwhile = isOfSource && isLong && first.length > 0 && availableParallelism() > 1;
  const pipe = join(workspace, "_decoded");
  if (!isWorthwhile || passedAs === undefined || !(yield* canPipe(pipe))) {
    return new Map(yield* encode(inputs.flatMap(reading), beside.outputs, [], onProgress));
  }
  const passing = [
    ...["-map", "0:a:0", "-map_metadata", "-1", "-map_chapters", "-1", "-af", countingFilter],
    ...["-c:a", passedAs, "-f", "wav", `file:${pipe}`],
  ];
  // WAV has the samples of all channels packed; filters may work in another way on those that are not.
  const unpacked = <Output extends Prepared>(output: Output): Output => ({
    ...output,
    filters: [`aformat=sample_fmts=${sampleFormat}`, ...output.filters],
  });
  const halfOf = ProgressMeter.average(onProgress, 2);
  const told = yield* Effect.all([
    encode(reading(source), first, passing, halfOf(0)),
    encode(["-f", "wav", ...reading(pipe)], second.map(unpacked), [], halfOf(1)),
  ], { concurrency: 2 }).pipe(Effect.ensuring(remove(pipe)));
  return new Map(told.flat());
});

/** Makes a named pipe, where the machine and the file system can. */
const canPipe = (path: string) =>
  runProgram("mkfifo", ["-m", "600", path]).pipe(
    Effect.map(({ exitCode }) => exitCode === 0),
    Effect.orElseSucceed(() => false),
  );

/**
 * Deals outputs out to two processes of which the first also decodes: the most work first, to the one that has less to do. Where
 * decoding is most of the work, all go to the second.
 */
const dealOut = <Output extends { readonly encoding: Encoding }>(
  outputs: ReadonlyArray<Output>,
  source: { readonly sampleRate: number; readonly channels: number },
): readonly [first: ReadonlyArray<Output>, second: ReadonlyArray<Output>] => {
  const first: Array<Output> = [], second: Array<Output> = [];
  let ahead = decodingWork * source.sampleRate * source.channels;
  const works = outputs.map((output) => ({ output, work: workOf(output.encoding) }));
  for (const { output, work } of works.toSorted((one, other) => other.work - one.work)) {
    (ahead > 0 ? second : first).push(output);
    ahead += ahead > 0 ? -work : work;
  }
  return [first, second];
};

const workOf = (encoding: Encoding): number =>
  codecs[encoding.format].work * encoding.sampleRate * encoding.channels * variantsOf(encoding).length;

/**
 * How many samples the encoder of an output was given; `null` where ffmpeg does not tell. It tells at its end; before, it prints tags,
 * but none at the beginning of a line.
 */
const encodedSamples = (log: string, output: number): number | null => {
  const line = `^(?:\\[[^\\]]*\\] )*\\[verbose\\] +Output stream #${output}:0 .*\\((\\d+) samples\\)`;
  const samples = Number([...log.matchAll(new RegExp(line, "gm"))].at(-1)?.[1] ?? NaN);
  return Number.isSafeInteger(samples) ? samples : null;
};
