import { Cause, Deferred, Effect, Queue } from "effect";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import type { AnalysisWarning } from "../../domain/analysis/AnalysisReport.ts";
import type { MediaFacts } from "../../domain/media/MediaFacts.ts";
import type { SignalReport } from "../../domain/signal/SignalAnalyser.ts";
import type { Measurement, MediaError, OnProgress } from "../../services/MediaEngine.ts";
import { badInput, fromProcess, tooLong } from "./BadInput.ts";
import { cpuSecondsFor, run, unavailable } from "./FfmpegProcess.ts";
import { readHeader } from "./Header.ts";
import { inputArguments } from "./InputArguments.ts";
import type { MeasureReply, MeasureRequest, MeasureWorkerData } from "./MeasureWorker.ts";
import * as ProgressMeter from "./ProgressMeter.ts";
import { intoBlocks } from "./SampleBlocks.ts";

/** A file to measure. */
export interface MeasureJob {
  readonly workspace: string;
  readonly source: string;
  readonly media: MediaFacts;
  readonly onProgress: OnProgress;
}

/** Raised whenever the same audio may measure differently than before. */
const analyserVersion = 1;

/** Blocks on their way between ffmpeg and the worker: all the samples that are ever in memory, about 4 MB. */
const blocksInFlight = 4;
const blockBytes = 1_048_576;

/** Measures a file in one decode. ffmpeg is read no faster than the worker thread measures. */
export const measure = Effect.fnUntraced(function* (job: MeasureJob, maxSeconds: number) {
  const { sampleRate, channels, durationSeconds } = job.media;
  const { declaredSeconds, layout } = yield* readHeader(job.source);
  const progress = ProgressMeter.make(job.onProgress, durationSeconds);
  const worker = yield* startWorker({ sampleRate, channels });
  const frameBytes = channels * Float32Array.BYTES_PER_ELEMENT;
  const newBlock = () => new ArrayBuffer(blockBytes - blockBytes % frameBytes);
  for (let spare = 1; spare < blocksInFlight; spare++) {
    yield* Queue.offer(worker.free, { block: newBlock(), frames: 0 });
  }
  const take = Effect.fnUntraced(function* (block: ArrayBuffer, byteLength: number) {
    worker.post({ block, byteLength });
    const measured = yield* Queue.take(worker.free);
    yield* progress.at(measured.frames / sampleRate);
    return measured.block;
  });
  yield* run({
    name: "ffmpeg measure",
    program: "ffmpeg",
    args: [
      ...["-threads", "2", "-t", `${maxSeconds + 1}`, ...inputArguments(job.source), "-map", "0:a:0"],
      ...["-ar", `${sampleRate}`, ...(layout === null ? [] : ["-af", `aformat=channel_layouts=${layout}`])],
      ...["-f", "f32le", "pipe:1"],
    ],
    directory: job.workspace,
    cpuSeconds: cpuSecondsFor(durationSeconds * sampleRate * channels),
  }, (stdout) => intoBlocks(stdout, newBlock(), take)).pipe(
    Effect.catchTag("ProcessFailed", (failed) => Effect.fail(undecodable(failed))),
  );
  worker.post({ block: null, byteLength: 0 });
  const { report, waveform } = yield* Deferred.await(worker.result);
  if (report.durationSeconds > maxSeconds) return yield* tooLong("decode", maxSeconds);
  if (report.signal.nonFiniteSamples > 0) {
    return yield* badInput("INVALID_SAMPLES", "decode", "The audio has samples that are not finite numbers");
  }
  const waveformPath = join(job.workspace, "waveform.dat");
  yield* Effect.tryPromise({ try: () => writeFile(waveformPath, waveform), catch: unavailable });
  yield* progress.end;
  return toMeasurement(report, waveformPath, declaredSeconds ?? 0);
}, Effect.scoped);

const undecodable = fromProcess("decode", {
  code: "DECODE_FAILED",
  detail: "The audio could not be decoded",
});

/** A worker thread, with the blocks that it is done with and its report; both fail if it does. */
const startWorker = Effect.fnUntraced(function* (workerData: MeasureWorkerData) {
  const free = yield* Queue.unbounded<{ readonly block: ArrayBuffer; readonly frames: number }, MediaError>();
  const result = yield* Deferred.make<Extract<MeasureReply, { readonly report: SignalReport }>, MediaError>();
  const worker = yield* Effect.acquireRelease(
    Effect.sync(() => new Worker(new URL("./MeasureWorker.ts", import.meta.url), { workerData })),
    (worker) => Effect.promise(() => worker.terminate()),
  );
  worker.on("message", (reply: MeasureReply) => {
    if ("report" in reply) Deferred.doneUnsafe(result, Effect.succeed(reply));
    else Queue.offerUnsafe(free, reply);
  });
  worker.on("error", (error) => {
    Queue.failCauseUnsafe(free, Cause.fail(unavailable(error)));
    Deferred.doneUnsafe(result, Effect.fail(unavailable(error)));
  });
  return {
    free,
    result,
    post: (request: MeasureRequest) => worker.postMessage(request, request.block ? [request.block] : []),
  };
});

const toMeasurement = (
  { durationSeconds, loudness, signal, peaks }: SignalReport,
  waveformPath: string,
  declaredSeconds: number,
): Measurement => {
  const missing = declaredSeconds - durationSeconds;
  const warnings: ReadonlyArray<readonly [AnalysisWarning, boolean]> = [
    ["SILENT", signal.silent],
    ["CLIPPED", signal.clippedSamples > 0],
    ["TRUNCATED", missing > 0.2 && missing > declaredSeconds / 100],
  ];
  const { thresholdLufs: threshold, ...levels } = loudness;
  const { nonFiniteSamples: _, ...facts } = signal;
  return {
    decodedSeconds: durationSeconds,
    loudness: { ...levels, threshold },
    signal: facts,
    waveformPath,
    waveform: { sampleRate: peaks.sampleRate, samplesPerPixel: peaks.samplesPerPixel, length: peaks.length },
    warnings: warnings.filter(([, applies]) => applies).map(([warning]) => warning),
    analyserVersion,
  };
};
