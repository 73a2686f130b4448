import { Effect } from "effect";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { curvesOf } from "../../domain/analysis/AnalysisCurves.ts";
import type { AnalyserVersions } from "../../domain/analysis/AnalysisReport.ts";
import { warningsOf } from "../../domain/analysis/AnalysisWarning.ts";
import type { MediaFacts } from "../../domain/media/MediaFacts.ts";
import type { MusicReport } from "../../domain/signal/MusicAnalyser.ts";
import { musicRate } from "../../domain/signal/MusicRate.ts";
import type { Measurement, OnProgress } from "../../services/MediaEngine.ts";
import { badInput, fromProcess, tooLong } from "./BadInput.ts";
import { cpuSecondsFor, run, unavailable } from "./FfmpegProcess.ts";
import { meanFilter } from "./Filters.ts";
import { readHeader } from "./Header.ts";
import { inputArguments } from "./InputArguments.ts";
import * as ProgressMeter from "./ProgressMeter.ts";
import { startLane } from "./SampleLane.ts";
import type { SignalWorkerReport } from "./SignalWorker.ts";

/** A file to measure. */
export interface MeasureJob {
  readonly workspace: string;
  readonly source: string;
  readonly media: MediaFacts;
  readonly onProgress: OnProgress;
}

/** Each is raised whenever the same audio may measure differently than before. */
const analyserVersion: AnalyserVersions = {
  ...{ loudness: 1, tempo: 1, key: 1, signal: 2, waveform: 1 },
  // Speech is recognised afterwards, if at all.
  transcript: 0,
};

/**
 * Measures a file in one decode, by two worker threads: the signal at its own rate, the music in one channel at `musicRate`. ffmpeg is
 * read no faster than the slower of them measures.
 */
export const measure = Effect.fnUntraced(function* (job: MeasureJob, maxSeconds: number) {
  const { sampleRate, channels, durationSeconds } = job.media;
  const { declaredSeconds, layout } = yield* readHeader(job.source);
  const progress = ProgressMeter.make(job.onProgress, durationSeconds);
  const signalLane = yield* startLane<SignalWorkerReport>(new URL("./SignalWorker.ts", import.meta.url), {
    sampleRate,
    channels,
  });
  const musicLane = yield* startLane<MusicReport>(new URL("./MusicWorker.ts", import.meta.url), {
    sampleRate: musicRate,
    channels: 1,
  });
  const inLayout = layout === null ? [] : [`aformat=channel_layouts=${layout}`];
  const output = (filters: ReadonlyArray<string>, rate: number, pipe: number) => [
    ...["-map", "0:a:0", "-ar", `${rate}`, ...(filters.length === 0 ? [] : ["-af", filters.join(",")])],
    ...["-f", "f32le", `pipe:${pipe}`],
  ];
  yield* run({
    name: "ffmpeg measure",
    program: "ffmpeg",
    args: [
      ...["-threads", "2", "-t", `${maxSeconds + 1}`, ...inputArguments(job.source)],
      ...output(inLayout, sampleRate, 1),
      ...output([...inLayout, meanFilter(channels)], musicRate, 3),
    ],
    directory: job.workspace,
    cpuSeconds: cpuSecondsFor(durationSeconds * sampleRate * channels),
    hasSecondOutput: true,
  }, (native, mono) =>
    Effect.all([
      signalLane.feed(native, (frames) => progress.at(frames / sampleRate)),
      musicLane.feed(mono, () => Effect.void),
    ], { concurrency: "unbounded", discard: true })).pipe(
      Effect.catchTag("ProcessFailed", (failed) => Effect.fail(undecodable(failed))),
    );
  const [signal, music] = yield* Effect.all([signalLane.report, musicLane.report], {
    concurrency: "unbounded",
  });
  if (signal.durationSeconds > maxSeconds) return yield* tooLong("decode", maxSeconds);
  if (signal.signal.nonFiniteSamples > 0) {
    return yield* badInput("INVALID_SAMPLES", "decode", "The audio has samples that are not finite numbers");
  }
  // What a part has thrown tells of the program, not of the audio: it is for the log.
  yield* Effect.forEach(
    Object.entries({ ...signal.errors, ...music.errors }),
    ([part, said]) => Effect.logWarning(`The ${part} could not be measured: ${said}`),
    { discard: true },
  );
  const files = yield* writeFiles(job.workspace, signal, music);
  yield* progress.end;
  return { ...toReport(signal, music, declaredSeconds ?? 0), ...files } satisfies Measurement;
}, Effect.scoped);

const undecodable = fromProcess("decode", {
  code: "DECODE_FAILED",
  detail: "The audio could not be decoded",
});

const noCurves = { momentary: [], shortTerm: [] };

/** Writes what is stored beside the report. */
const writeFiles = Effect.fnUntraced(function* (
  workspace: string,
  { waveform, spectrogram, curves }: SignalWorkerReport,
  { tempo }: MusicReport,
) {
  const write = (name: string, content: Uint8Array | string) => {
    const path = join(workspace, name);
    return Effect.as(Effect.tryPromise({ try: () => writeFile(path, content), catch: unavailable }), path);
  };
  const plotted = curvesOf(curves ?? noCurves, tempo?.beats ?? []);
  return {
    waveform: waveform && {
      path: yield* write("waveform.dat", waveform.peaks),
      rmsPath: yield* write("waveform.rms", waveform.rms),
      sampleRate: waveform.sampleRate,
      samplesPerPixel: waveform.samplesPerPixel,
      length: waveform.length,
    },
    curves: { path: yield* write("curves.json", JSON.stringify(plotted)) },
    spectrogram: spectrogram && { path: yield* write("spectrogram.bin", spectrogram) },
  };
});

const unmeasured = {
  integratedLufs: null,
  rangeLu: null,
  thresholdLufs: null,
  maxMomentaryLufs: null,
  maxShortTermLufs: null,
  truePeakDbtp: null,
  samplePeakDbfs: null,
};

const toReport = (
  { durationSeconds, loudness, signal, errors }: SignalWorkerReport,
  music: MusicReport,
  declaredSeconds: number,
) => {
  const { thresholdLufs: threshold, ...levels } = loudness ?? unmeasured;
  const { nonFiniteSamples: _, isDualMono, ...facts } = signal;
  return {
    decodedSeconds: durationSeconds,
    loudness: { ...levels, threshold },
    tempo: music.tempo && music.tempo.tempo,
    key: music.key,
    signal: facts,
    warnings: warningsOf({ ...facts, isDualMono, decodedSeconds: durationSeconds, declaredSeconds }),
    analyserVersion,
    errors: Object.fromEntries(
      Object.keys({ ...errors, ...music.errors }).map((part) => [part, "It could not be measured"]),
    ),
  };
};
