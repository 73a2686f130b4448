/** The worker thread that measures the signal of one file. */
import { parentPort, workerData } from "node:worker_threads";
import { littleEndian } from "../../domain/signal/LittleEndian.ts";
import { make, signalMeters, type SignalReport } from "../../domain/signal/SignalAnalyser.ts";
import { encodeSpectrogram } from "../../domain/signal/Spectrogram.ts";
import { datHeader } from "../../domain/signal/WaveformFormat.ts";
import { type SampleWorkerData, serve } from "./SampleWorker.ts";

/** The report on a signal, its pictures in the form in which they are stored. */
export interface SignalWorkerReport extends Omit<SignalReport, "waveform" | "spectrogram"> {
  readonly waveform: {
    readonly sampleRate: number;
    readonly samplesPerPixel: number;
    readonly length: number;
    /** The beginning and the rest of a file of peaks. */
    readonly header: Uint8Array<ArrayBuffer>;
    readonly peaks: Uint8Array<ArrayBuffer>;
    readonly rms: Uint8Array<ArrayBuffer>;
  } | null;
  readonly spectrogram: Uint8Array<ArrayBuffer> | null;
}

const encoded = ({ waveform, spectrogram, ...report }: SignalReport): SignalWorkerReport => ({
  ...report,
  waveform: waveform && {
    sampleRate: waveform.sampleRate,
    samplesPerPixel: waveform.samplesPerPixel,
    length: waveform.length,
    header: datHeader(waveform, 16),
    peaks: littleEndian(waveform.data),
    rms: littleEndian(waveform.rms),
  },
  spectrogram: spectrogram && encodeSpectrogram(spectrogram),
});

const start = (port: NonNullable<typeof parentPort>, options: SampleWorkerData): void => {
  const { signal, spectrum, loudness, waveform } = signalMeters;
  const { push, finish } = make(options, {
    ...(options.parts.includes("signal") && { signal, spectrum }),
    ...(options.parts.includes("loudness") && { loudness }),
    ...(options.parts.includes("waveform") && { waveform }),
  });
  serve(port, options.channels, {
    push,
    finish: () => {
      const report = encoded(finish());
      const large = [report.waveform?.peaks, report.waveform?.rms, report.spectrogram];
      return { report, transfer: large.flatMap((bytes) => bytes ? [bytes.buffer] : []) };
    },
  });
};

if (parentPort) start(parentPort, workerData);
