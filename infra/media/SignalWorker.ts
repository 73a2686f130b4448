/** The worker thread that measures the signal of one file. */
import { parentPort, workerData } from "node:worker_threads";
import { littleEndian } from "../../domain/signal/LittleEndian.ts";
import { make, signalMeters, type SignalReport } from "../../domain/signal/SignalAnalyser.ts";
import { encodeSpectrogram } from "../../domain/signal/Spectrogram.ts";
import { datHeader } from "../../domain/signal/WaveformFormat.ts";
import type { WaveformPeaks } from "../../domain/signal/WaveformPeaks.ts";
import { type SampleWorkerData, serve } from "./SampleWorker.ts";

/** The beginning and the rest of a file of peaks. */
interface PeaksFile {
  readonly header: Uint8Array<ArrayBuffer>;
  readonly peaks: Uint8Array<ArrayBuffer>;
}

/** The report on a signal, its pictures in the form in which they are stored. */
export interface SignalWorkerReport extends Omit<SignalReport, "waveform" | "spectrogram"> {
  readonly waveform: {
    readonly sampleRate: number;
    readonly samplesPerPixel: number;
    readonly length: number;
    readonly mix: PeaksFile;
    /** `null` where it would be that of the mix, or there are too many channels. */
    readonly apart: PeaksFile | null;
    /** How many channels are told apart, if they are. */
    readonly channels: number | null;
    readonly rms: Uint8Array<ArrayBuffer>;
  } | null;
  readonly spectrogram: Uint8Array<ArrayBuffer> | null;
}

const peaksFile = (peaks: WaveformPeaks): PeaksFile => ({
  header: datHeader(peaks, 16),
  peaks: littleEndian(peaks.data),
});

const encoded = ({ waveform, spectrogram, ...report }: SignalReport): SignalWorkerReport => ({
  ...report,
  waveform: waveform && {
    sampleRate: waveform.mix.sampleRate,
    samplesPerPixel: waveform.mix.samplesPerPixel,
    length: waveform.mix.length,
    mix: peaksFile(waveform.mix),
    apart: waveform.apart && waveform.apart !== waveform.mix ? peaksFile(waveform.apart) : null,
    channels: waveform.apart && waveform.apart.channels,
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
      const report = encoded(finish()), { waveform } = report;
      const large = [waveform?.mix.peaks, waveform?.apart?.peaks, waveform?.rms, report.spectrogram];
      return { report, transfer: large.flatMap((bytes) => bytes ? [bytes.buffer] : []) };
    },
  });
};

if (parentPort) start(parentPort, workerData);
