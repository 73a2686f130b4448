import { Effect } from "effect";
import type { SamplePart } from "../../domain/analysis/AnalysisPart.ts";
import type { MusicReport } from "../../domain/signal/MusicAnalyser.ts";
import { musicRate } from "../../domain/signal/MusicRate.ts";
import type { SampleKind } from "../../domain/signal/SampleKind.ts";
import type { MeasureJob } from "../../services/MediaEngine.ts";
import { cpuSecondsFor, run } from "./FfmpegProcess.ts";
import { meanFilter } from "./Filters.ts";
import { boundedInput } from "./InputArguments.ts";
import { startLane } from "./SampleLane.ts";
import type { SignalWorkerReport } from "./SignalWorker.ts";

/** Which lane measures a part: the signal at its own rate, or the music in one channel at `musicRate`. */
export const laneOf: Readonly<Record<SamplePart, "signal" | "music">> = {
  loudness: "signal",
  signal: "signal",
  waveform: "signal",
  tempo: "music",
  key: "music",
};

/** The programs of the lanes' threads. */
export const laneWorkers = {
  signal: new URL("./SignalWorker.ts", import.meta.url),
  music: new URL("./MusicWorker.ts", import.meta.url),
};

/** What the lanes came to; `null` for one that has no part to measure, or was lost. */
export interface LaneReports {
  readonly decodedSeconds: number;
  readonly signal: SignalWorkerReport | null;
  readonly music: MusicReport | null;
}

/** A file to decode for the lanes. */
export interface LaneJob extends MeasureJob {
  readonly parts: ReadonlyArray<SamplePart>;
  /** ffmpeg's name for what the channels are. */
  readonly layout: string | null;
  readonly samples: SampleKind;
  readonly maxSeconds: number;
  readonly workers: typeof laneWorkers;
  /** Called with the seconds measured so far. */
  readonly onSeconds: (seconds: number) => Effect.Effect<void>;
}

/**
 * Measures parts in one decode. ffmpeg is read no faster than the slower lane measures. Where it cannot go on with two outputs, the
 * signal is measured alone; then the second one was at fault.
 */
export const measureLanes = (job: LaneJob) =>
  decode(job).pipe(
    Effect.catchTag("ProcessFailed", (failed) => {
      const parts = job.parts.filter((part) => laneOf[part] === "signal");
      const isOutput = failed.reason === "Refused" || failed.reason === "Crashed";
      return isOutput && parts.length > 0 && parts.length < job.parts.length
        ? Effect.tap(
          decode({ ...job, parts }),
          Effect.logWarning("ffmpeg could not decode the music", failed),
        )
        : Effect.fail(failed);
    }),
  );

const decode = Effect.fnUntraced(function* ({ media, workers, onSeconds, ...job }: LaneJob) {
  const { sampleRate, channels, durationSeconds } = media;
  const lane = <Report>(name: "signal" | "music", rate: number, channels: number) => {
    const parts = job.parts.filter((part) => laneOf[part] === name);
    return parts.length === 0 ? Effect.succeed(null) : startLane<Report>(workers[name], {
      sampleRate: rate,
      channels,
      samples: job.samples,
      directory: job.workspace,
      parts,
    });
  };
  const signal = yield* lane<SignalWorkerReport>("signal", sampleRate, channels);
  const music = yield* lane<MusicReport>("music", musicRate, 1);
  const inLayout = job.layout === null ? [] : [`aformat=channel_layouts=${job.layout}`];
  const output = (filters: ReadonlyArray<string>, rate: number, pipe: number) => [
    ...["-map", "0:a:0", "-ar", `${rate}`, ...(filters.length === 0 ? [] : ["-af", filters.join(",")])],
    ...["-f", "f32le", `pipe:${pipe}`],
  ];
  const { output: [ofSignal, ofMusic] } = yield* run({
    name: "ffmpeg measure",
    program: "ffmpeg",
    args: [
      ...boundedInput(job.source, job.maxSeconds),
      ...(signal ? output(inLayout, sampleRate, 1) : []),
      ...(music ? output([...inLayout, meanFilter(channels)], musicRate, signal ? 3 : 1) : []),
    ],
    directory: job.workspace,
    cpuSeconds: cpuSecondsFor(durationSeconds * sampleRate * channels),
    hasSecondOutput: signal !== null && music !== null,
  }, (first, second) =>
    Effect.all([
      signal?.feed(first, (frames) => onSeconds(frames / sampleRate)) ?? Effect.succeed(null),
      music?.feed(
        signal ? second : first,
        (frames) => signal ? Effect.void : onSeconds(frames / musicRate),
      ) ??
        Effect.succeed(null),
    ], { concurrency: "unbounded" }));
  return {
    decodedSeconds: ofSignal ? ofSignal.frames / sampleRate : (ofMusic?.frames ?? 0) / musicRate,
    signal: ofSignal && ofSignal.report,
    music: ofMusic && ofMusic.report,
  } satisfies LaneReports;
}, Effect.scoped);
