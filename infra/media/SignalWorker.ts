/** The worker thread that measures the signal of one file. */
import { join } from "node:path";
import { parentPort, workerData } from "node:worker_threads";
import { make, signalMeters, type SignalReport, waveformMeter } from "../../domain/signal/SignalAnalyser.ts";
import { encodeSpectrogram } from "../../domain/signal/Spectrogram.ts";
import { datHeader, datHeaderBytes } from "../../domain/signal/WaveformFormat.ts";
import { channelsApart, type WaveformSize } from "../../domain/signal/WaveformPeaks.ts";
import type { UnstoredWaveform } from "../../services/MediaEngine.ts";
import { NumberFile } from "./NumberFile.ts";
import { type SampleWorkerData, serve } from "./SampleWorker.ts";

/** The report on a signal, its pictures in the form in which they are stored. */
export interface SignalWorkerReport extends Omit<SignalReport, "waveform" | "spectrogram"> {
  readonly waveform: UnstoredWaveform | null;
  readonly spectrogram: Uint8Array<ArrayBuffer> | null;
  /** Why the files of the waveform are not whole; `null` where they are. */
  readonly unwritten: string | null;
}

/** The files of a waveform, which are written as it is measured: those of hours would be much to keep. */
const waveformFiles = (directory: string, channels: number) => {
  const file = (name: string, headerBytes?: number) => new NumberFile(join(directory, name), headerBytes);
  const count = channelsApart(channels);
  const mix = file("waveform.dat", datHeaderBytes(1)), rms = file("waveform.rms");
  const apart = count === null || count === 1 ? null : file("waveform-channels.dat", datHeaderBytes(count));
  return {
    pixels: { mix, apart, rms },
    finish: (size: WaveformSize): UnstoredWaveform => {
      mix.finish(datHeader({ ...size, channels: 1 }, 16));
      apart?.finish(datHeader({ ...size, channels }, 16));
      rms.finish();
      return {
        ...size,
        path: mix.path,
        rmsPath: rms.path,
        channels: count === null ? null : { count, path: (apart ?? mix).path },
      };
    },
    /** Why they are not whole. */
    failure: () => mix.failure ?? apart?.failure ?? rms.failure,
  };
};

const start = (port: NonNullable<typeof parentPort>, options: SampleWorkerData): void => {
  const { parts, channels, directory } = options;
  const files = parts.includes("waveform") ? waveformFiles(directory, channels) : null;
  const { signal, spectrum, loudness } = signalMeters;
  const { push, finish } = make(options, {
    ...(parts.includes("signal") && { signal, spectrum }),
    ...(parts.includes("loudness") && { loudness }),
    ...(files && { waveform: waveformMeter(files.pixels) }),
  });
  serve(port, channels, {
    push,
    finish: () => {
      const { waveform, spectrogram, ...rest } = finish();
      const report: SignalWorkerReport = {
        ...rest,
        waveform: files && waveform && files.finish(waveform),
        spectrogram: spectrogram && encodeSpectrogram(spectrogram),
        unwritten: files?.failure() ?? null,
      };
      return { report, transfer: report.spectrogram ? [report.spectrogram.buffer] : [] };
    },
  });
};

if (parentPort) start(parentPort, workerData);
