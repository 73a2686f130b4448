import { type Loudness, LoudnessMeter } from "./LoudnessMeter.ts";
import { SampleStatistics, type Statistics } from "./SampleStatistics.ts";
import { SilenceDetector, type SilenceOptions, type Silences } from "./SilenceDetector.ts";
import { type PeakLevels, TruePeakMeter } from "./TruePeakMeter.ts";
import { WaveformMeter, type WaveformPeaks } from "./WaveformPeaks.ts";

/** What is analysed, and how finely. */
export interface SignalOptions {
  /** In Hz, 2,000 to 384,000. */
  readonly sampleRate: number;
  /** 1 to 16, in the order of WAVE and ffmpeg. */
  readonly channels: number;
  readonly silence?: SilenceOptions | undefined;
  /** Frames in a pixel of the waveform; default 256. */
  readonly samplesPerPixel?: number | undefined;
}

/** Everything that is measured of a decoded signal. No number in it is NaN or infinite. */
export interface SignalReport {
  readonly frames: number;
  readonly durationSeconds: number;
  readonly loudness: Loudness & PeakLevels;
  /** With any `nonFiniteSamples` the other results are of a signal that has 0 in their place: do not trust it. */
  readonly signal: Silences & Statistics;
  readonly peaks: WaveformPeaks;
}

/** A measurement under way. */
export interface SignalAnalyser {
  /** Takes interleaved samples, full scale ±1; throws a `RangeError` for a chunk that does not hold whole frames. */
  readonly push: (chunk: Float32Array) => void;
  /** The report on everything pushed. Call it once, last. */
  readonly finish: () => SignalReport;
}

/**
 * Starts the measurement of one signal in a single pass. The report does not depend on how the signal is cut into chunks.
 * Memory grows only with what is reported: per second 10 numbers of loudness, and the pixels of the waveform.
 */
export const make = ({ sampleRate, channels, silence, samplesPerPixel }: SignalOptions): SignalAnalyser => {
  const statistics = new SampleStatistics(channels);
  const loudness = new LoudnessMeter(sampleRate, channels);
  const levels = new TruePeakMeter(sampleRate, channels);
  const silences = new SilenceDetector(sampleRate, channels, silence);
  const waveform = new WaveformMeter(sampleRate, channels, samplesPerPixel);
  let frames = 0;
  return {
    push: (chunk) => {
      const count = chunk.length / channels;
      if (!Number.isInteger(count)) {
        throw new RangeError(`${chunk.length} samples are not whole frames of ${channels}`);
      }
      // One NaN in a recursive filter would make everything after it NaN.
      const finite = statistics.push(chunk, count) === 0 ? chunk : chunk.map(finiteOrZero);
      loudness.push(finite, count);
      levels.push(finite, count);
      silences.push(finite, count);
      waveform.push(finite, count);
      frames += count;
    },
    finish: () => ({
      frames,
      durationSeconds: frames / sampleRate,
      loudness: { ...loudness.finish(), ...levels.finish() },
      signal: { ...silences.finish(), ...statistics.finish() },
      peaks: waveform.finish(),
    }),
  };
};

const finiteOrZero = (sample: number): number => Number.isFinite(sample) ? sample : 0;
