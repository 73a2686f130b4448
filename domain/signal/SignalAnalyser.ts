import { type Loudness, type LoudnessCurves, LoudnessMeter } from "./LoudnessMeter.ts";
import { type Errors, errorsOf, type Meter, Part } from "./Part.ts";
import { SampleStatistics, type Statistics } from "./SampleStatistics.ts";
import { SilenceDetector, type SilenceOptions, type Silences } from "./SilenceDetector.ts";
import type { Spectrogram } from "./Spectrogram.ts";
import { type Spectrum, SpectrumMeter, type SpectrumReport } from "./SpectrumMeter.ts";
import { type StereoImage, StereoMeter } from "./StereoImage.ts";
import { type PeakLevels, TruePeakMeter } from "./TruePeakMeter.ts";
import { WaveformMeter, type WaveformPeaks } from "./WaveformPeaks.ts";
import { type WaveformRms, WaveformRmsMeter } from "./WaveformRms.ts";

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

/** The parts that fail alone. */
export interface SignalParts {
  readonly loudness: { readonly levels: Loudness & PeakLevels; readonly curves: LoudnessCurves };
  readonly spectrum: SpectrumReport;
  readonly waveform: WaveformPeaks & { readonly rms: WaveformRms };
}

/** Everything that is measured of a decoded signal. Only the curves have numbers in them that are not finite. */
export interface SignalReport {
  readonly frames: number;
  readonly durationSeconds: number;
  readonly loudness: (Loudness & PeakLevels) | null;
  readonly curves: LoudnessCurves | null;
  /** With any `nonFiniteSamples` the other results are of a signal that has 0 in their place: do not trust it. */
  readonly signal: Silences & Statistics & StereoImage & { readonly spectrum: Spectrum | null };
  readonly spectrogram: Spectrogram | null;
  readonly waveform: SignalParts["waveform"] | null;
  /** Why the parts that are null could not be measured. */
  readonly errors: Errors<keyof SignalParts>;
}

/** A measurement under way. */
export interface SignalAnalyser {
  /** Takes interleaved samples, full scale ±1; throws a `RangeError` for a chunk that does not hold whole frames. */
  readonly push: (chunk: Float32Array) => void;
  /** The report on everything pushed. Call it once, last. */
  readonly finish: () => SignalReport;
}

/** How the meter of each part is made. */
export type SignalMeters = {
  readonly [Name in keyof SignalParts]: (options: SignalOptions) => Meter<SignalParts[Name]>;
};

export const signalMeters: SignalMeters = {
  loudness: ({ sampleRate, channels }) => {
    const loudness = new LoudnessMeter(sampleRate, channels);
    const levels = new TruePeakMeter(sampleRate, channels);
    return {
      push: (chunk, frames) => {
        loudness.push(chunk, frames);
        levels.push(chunk, frames);
      },
      finish: () => ({ levels: { ...loudness.finish(), ...levels.finish() }, curves: loudness.curves() }),
    };
  },
  spectrum: ({ sampleRate, channels }) => new SpectrumMeter(sampleRate, channels),
  waveform: ({ sampleRate, channels, samplesPerPixel }) => {
    const peaks = new WaveformMeter(sampleRate, channels, samplesPerPixel);
    const rms = new WaveformRmsMeter(channels, samplesPerPixel);
    return {
      push: (chunk, frames) => {
        peaks.push(chunk, frames);
        rms.push(chunk, frames);
      },
      finish: () => ({ ...peaks.finish(), rms: rms.finish() }),
    };
  },
};

/**
 * Starts the measurement of one signal in a single pass. The report does not depend on how the signal is cut into chunks.
 * Memory grows only with what is reported: per second 10 numbers of loudness, and the pixels of the waveform.
 */
export const make = (options: SignalOptions, meters: SignalMeters = signalMeters): SignalAnalyser => {
  const { sampleRate, channels, silence } = options;
  const statistics = new SampleStatistics(channels);
  const silences = new SilenceDetector(sampleRate, channels, silence);
  const stereo = new StereoMeter(channels);
  const loudness = new Part(() => meters.loudness(options));
  const spectrum = new Part(() => meters.spectrum(options));
  const waveform = new Part(() => meters.waveform(options));
  const all = [silences, stereo, loudness, spectrum, waveform];
  let frames = 0;
  return {
    push: (chunk) => {
      const count = chunk.length / channels;
      if (!Number.isInteger(count)) {
        throw new RangeError(`${chunk.length} samples are not whole frames of ${channels}`);
      }
      // One NaN in a recursive filter would make everything after it NaN.
      const finite = statistics.push(chunk, count) === 0 ? chunk : chunk.map(finiteOrZero);
      for (const meter of all) meter.push(finite, count);
      frames += count;
    },
    finish: () => {
      const loud = loudness.finish(), spectral = spectrum.finish(), drawn = waveform.finish();
      return {
        frames,
        durationSeconds: frames / sampleRate,
        loudness: loud.value && loud.value.levels,
        curves: loud.value && loud.value.curves,
        signal: {
          ...silences.finish(),
          ...statistics.finish(),
          ...stereo.finish(),
          spectrum: spectral.value && spectral.value.spectrum,
        },
        spectrogram: spectral.value && spectral.value.spectrogram,
        waveform: drawn.value,
        errors: errorsOf({ loudness: loud, spectrum: spectral, waveform: drawn }),
      };
    },
  };
};

const finiteOrZero = (sample: number): number => Number.isFinite(sample) ? sample : 0;
