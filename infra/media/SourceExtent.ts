import { Effect, Result } from "effect";
import { durationSlack, type MediaFacts } from "../../domain/media/MediaFacts.ts";
import type { Encoding } from "../../domain/media/OutputSpec.ts";
import { obstacle, type Processing, withoutSilence } from "../../domain/media/Processing.ts";
import { SoundSpan } from "../../domain/signal/SoundSpan.ts";
import type { OnProgress } from "../../services/MediaEngine.ts";
import { explain, nothingDecoded, tooLong } from "./BadInput.ts";
import { cpuSecondsFor, run } from "./FfmpegProcess.ts";
import { isStretched } from "./Filters.ts";
import { boundedInput } from "./InputArguments.ts";
import type { Failed } from "./Prepare.ts";
import * as ProgressMeter from "./ProgressMeter.ts";
import { intoBlocks } from "./SampleBlocks.ts";

/** A source whose outputs are to be settled; `decodedSeconds` where its length has been measured. */
interface ExtentJob {
  readonly workspace: string;
  readonly source: string;
  readonly media: MediaFacts;
  readonly encodings: ReadonlyArray<Encoding>;
  readonly decodedSeconds?: number | undefined;
  readonly onProgress: OnProgress;
}

/** Whether a source has to be decoded before it can be said how it is processed. */
export const isUnsettled = ({ media, encodings, decodedSeconds }: ExtentJob): boolean =>
  encodings.some(({ processing }) =>
    processing.silenceTrim !== undefined || decodedSeconds === undefined && dependsOnEnd(processing, media)
  );

/** Whether an output has to know where its source ends, which the declared duration does not tell for sure. */
const dependsOnEnd = (processing: Processing, media: MediaFacts): boolean => {
  const { trim, fade } = processing;
  const reachesEnd =
    (trim?.endSeconds ?? Infinity) > media.durationSeconds - durationSlack(media.durationSeconds);
  return reachesEnd &&
    (isStretched(processing) || (fade?.outSeconds ?? 0) > 0 || obstacle(processing, media) !== null);
};

/**
 * Finds out, by one decode and only where it must, how long a source is and where it sounds. Answers its facts with its true duration,
 * and each output with a trim in place of its `silenceTrim`, or why it cannot be made: one that would be silent fails alone.
 */
export const settleExtent = Effect.fnUntraced(function* (job: ExtentJob, maxSeconds: number) {
  const { media, encodings, decodedSeconds = media.durationSeconds } = job;
  const spans = encodings.map(({ processing }) => processing.silenceTrim && spanOf(processing, media));
  const durationSeconds = isUnsettled(job)
    ? yield* decode(job, spans.filter((span) => span !== undefined), maxSeconds)
    : decodedSeconds;
  const settled = encodings.map((encoding, index): Result.Result<Encoding, Failed> => {
    const span = spans[index]?.finish();
    if (span === undefined) return Result.succeed(encoding);
    if (span === null) {
      const detail = obstacle(encoding.processing, { ...media, durationSeconds })?.detail ?? nothingSounds;
      return Result.fail({ encoding, reason: { code: "ENCODE_FAILED", detail, stage: "encode" } });
    }
    const sounding = { start: span.first / media.sampleRate, end: span.end / media.sampleRate };
    const processing = withoutSilence(encoding.processing, sounding, durationSeconds);
    return Result.succeed({ ...encoding, processing });
  });
  return { media: { ...media, durationSeconds }, settled };
});

const nothingSounds = "Nothing is left: no sample is above the threshold of silence";

const spanOf = (
  { trim, channelSelect, silenceTrim }: Processing,
  { sampleRate, channels }: MediaFacts,
): SoundSpan =>
  new SoundSpan(channels, {
    first: Math.round((trim?.startSeconds ?? 0) * sampleRate),
    end: Math.round((trim?.endSeconds ?? Infinity) * sampleRate),
    channel: channelSelect ?? null,
    thresholdDbfs: silenceTrim?.thresholdDbfs ?? -60,
  });

const blockFrames = 65_536;

/** Decodes a source, shows it to `spans`, and answers how many seconds it has. */
const decode = (
  { workspace, source, media: { sampleRate, channels, durationSeconds }, onProgress }: ExtentJob,
  spans: ReadonlyArray<SoundSpan>,
  maxSeconds: number,
) =>
  Effect.gen(function* () {
    const progress = ProgressMeter.make(onProgress, durationSeconds);
    const frameBytes = channels * Float32Array.BYTES_PER_ELEMENT;
    let frames = 0;
    const take = (block: ArrayBuffer, byteLength: number) => {
      const count = Math.floor(byteLength / frameBytes);
      const samples = new Float32Array(block, 0, count * channels);
      for (const span of spans) span.push(samples, count);
      frames += count;
      return Effect.as(progress.at(frames / sampleRate), block);
    };
    yield* run({
      name: "ffmpeg extent",
      program: "ffmpeg",
      args: [
        ...boundedInput(source, maxSeconds),
        ...["-map", "0:a:0", "-ar", `${sampleRate}`, "-ac", `${channels}`, "-f", "f32le", "pipe:1"],
      ],
      directory: workspace,
      cpuSeconds: cpuSecondsFor(durationSeconds * sampleRate * channels),
    }, (stdout) => intoBlocks(stdout, new ArrayBuffer(blockFrames * frameBytes), take)).pipe(
      Effect.catchTag("ProcessFailed", (failed) => Effect.fail(explain(failed))),
    );
    yield* progress.end;
    if (frames > maxSeconds * sampleRate) return yield* tooLong("decode", maxSeconds);
    return frames > 0 ? frames / sampleRate : yield* nothingDecoded;
  });
