import { Effect } from "effect";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { curvesOf } from "../../domain/analysis/AnalysisCurves.ts";
import {
  type AnalysisErrors,
  type AnalysisPart,
  currentAnalyser,
  eachPart,
  type SamplePart,
  sampleParts,
} from "../../domain/analysis/AnalysisPart.ts";
import { warningsOf } from "../../domain/analysis/AnalysisWarning.ts";
import type { MeasureJob, Measurement } from "../../services/MediaEngine.ts";
import { badInput, fromProcess, tooLong } from "./BadInput.ts";
import { type DeclaredLength, declaredLength } from "./CutOff.ts";
import { unavailable } from "./FfmpegProcess.ts";
import { readHeader } from "./Header.ts";
import { laneOf, type LaneReports, laneWorkers, measureLanes } from "./MeasureLanes.ts";
import * as ProgressMeter from "./ProgressMeter.ts";
import type { SignalWorkerReport } from "./SignalWorker.ts";

/**
 * Measures parts of a file in one decode. Each fails alone, also where its lane is lost; where all lanes are, the measurement fails, and
 * may succeed another time.
 */
export const measure = Effect.fnUntraced(
  function* (job: MeasureJob, maxSeconds: number, workers = laneWorkers) {
    const { parts = sampleParts } = job;
    const header = yield* readHeader(job.source);
    const declared = yield* declaredLength(job.source, header);
    const progress = ProgressMeter.make(job.onProgress, job.media.durationSeconds);
    const measured = yield* measureLanes({
      ...job,
      parts,
      layout: header.layout,
      samples: header.samples,
      maxSeconds,
      workers,
      onSeconds: progress.at,
    }).pipe(Effect.catchTag("ProcessFailed", (failed) => Effect.fail(undecodable(failed))));
    const { decodedSeconds, signal, music } = measured;
    if (decodedSeconds > maxSeconds) return yield* tooLong("decode", maxSeconds);
    if (signal === null && music === null) return yield* unavailable(new Error("No thread came to its end"));
    if (signal !== null && signal.nonFiniteSamples > 0) {
      return yield* badInput(
        "INVALID_SAMPLES",
        "decode",
        "The audio has samples that are not finite numbers",
      );
    }
    // What a part has thrown tells of the program, not of the audio: it is for the log.
    yield* Effect.forEach(
      Object.entries({ ...signal?.errors, ...music?.errors }),
      ([part, said]) => Effect.logWarning(`The ${part} could not be measured: ${said}`),
      { discard: true },
    );
    if (signal?.unwritten) return yield* unavailable(new Error(signal.unwritten));
    const spectrogram = signal?.spectrogram && (yield* writeSpectrogram(job.workspace, signal.spectrogram));
    yield* progress.end;
    return {
      ...toReport(measured, parts, declared),
      waveform: signal?.waveform ?? null,
      spectrogram: spectrogram ?? null,
    } satisfies Measurement;
  },
);

const undecodable = fromProcess("decode", {
  code: "DECODE_FAILED",
  detail: "The audio could not be decoded",
});

/** Writes the spectrogram, as the thread of the signal has written the waveform. */
const writeSpectrogram = (workspace: string, bytes: Uint8Array) => {
  const path = join(workspace, "spectrogram.bin");
  return Effect.as(Effect.tryPromise({ try: () => writeFile(path, bytes), catch: unavailable }), { path });
};

const unmeasured = {
  integratedLufs: null,
  rangeLu: null,
  thresholdLufs: null,
  maxMomentaryLufs: null,
  maxShortTermLufs: null,
  truePeakDbtp: null,
  samplePeakDbfs: null,
};

const untold = {
  silent: false,
  clippedSamples: 0,
  dcOffset: null,
  stereoCorrelation: null,
  isDualMono: false,
};

const toReport = (measured: LaneReports, parts: ReadonlyArray<SamplePart>, declared: DeclaredLength) => {
  const { decodedSeconds, signal, music } = measured;
  const isMeasured = (part: AnalysisPart) => parts.some((measured) => measured === part);
  const { thresholdLufs: threshold, ...levels } = signal?.loudness ?? unmeasured;
  const facts = signal?.signal ?? null;
  const { momentary, shortTerm, beats } = curvesOf(
    signal?.curves ?? { momentary: [], shortTerm: [] },
    music?.tempo?.beats ?? [],
  );
  return {
    decodedSeconds,
    loudness: { ...levels, threshold },
    tempo: music?.tempo?.tempo ?? null,
    key: music?.key ?? null,
    signal: facts && withoutImage(facts),
    curves: {
      ...(isMeasured("loudness") && { momentary, shortTerm }),
      ...(isMeasured("tempo") && { beats }),
    },
    warnings: warningsOf({
      ...(facts ?? untold),
      decodedSeconds,
      declaredSeconds: declared.seconds ?? 0,
      isCutOff: declared.isCutOff,
    }),
    analyserVersion: eachPart((part) => isMeasured(part) ? currentAnalyser[part] : 0),
    errors: errorsIn(measured, parts),
  };
};

const withoutImage = ({ isDualMono: _, ...facts }: NonNullable<SignalWorkerReport["signal"]>) => facts;

const errorsIn = (measured: LaneReports, parts: ReadonlyArray<SamplePart>): AnalysisErrors => {
  const errors: Partial<Record<AnalysisPart, string>> = {};
  for (const part of parts) {
    const report = measured[laneOf[part]];
    if (report === null || part in report.errors) errors[part] = "It could not be measured";
    else if (part === "signal" && "spectrum" in report.errors) {
      errors[part] = "The spectrum could not be measured";
    }
  }
  return errors;
};
