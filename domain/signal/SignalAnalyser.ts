import { type Loudness, type LoudnessCurves, LoudnessMeter } from "./LoudnessMeter.ts";
import { type Errors, errorsOf, type Meter, Part, unasked } from "./Part.ts";
import type { SampleKind } from "./SampleKind.ts";
import { SampleStatistics, type Statistics } from "./SampleStatistics.ts";
import { SilenceDetector, type SilenceOptions, type Silences } from "./SilenceDetector.ts";
import type { Spectrogram } from "./Spectrogram.ts";
import { type Spectrum, SpectrumMeter, type SpectrumReport } from "./SpectrumMeter.ts";
import { type StereoImage, StereoMeter } from "./StereoImage.ts";
import { type PeakLevels, TruePeakMeter } from "./TruePeakMeter.ts";
import { type Waveform, WaveformMeter } from "./WaveformPeaks.ts";
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
  /** Default `integer`. */
  readonly samples?: SampleKind | undefined;
}

/** The parts that fail alone. */
export interface SignalParts {
  readonly signal: Silences & StereoImage;
  readonly loudness: { readonly levels: Loudness & PeakLevels; readonly curves: LoudnessCurves };
  readonly spectrum: SpectrumReport;
  readonly waveform: Waveform & { readonly rms: WaveformRms };
}

/** Everything that is measured of a decoded signal. Only the curves have numbers in them that are not finite. */
export interface SignalReport {
  readonly frames: number;
  readonly durationSeconds: number;
  readonly loudness: (Loudness & PeakLevels) | null;
  readonly curves: LoudnessCurves | null;
  /** With any, the other results are of a signal that has 0 in their place: do not trust it. */
  readonly nonFiniteSamples: number;
  readonly signal:
    | SignalParts["signal"] & Omit<Statistics, "nonFiniteSamples"> & {
      readonly spectrum: Spectrum | null;
    }
    | null;
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
  signal: ({ sampleRate, channels, silence }) => {
    const silences = new SilenceDetector(sampleRate, channels, silence);
    const stereo = new StereoMeter(channels);
    return {
      push: (chunk, frames) => {
        silences.push(chunk, frames);
        stereo.push(chunk, frames);
      },
      finish: () => ({ ...silences.finish(), ...stereo.finish() }),
    };
  },
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
  waveform: ({ sampleRate, channels, samplesPerPixel, samples }) => {
    const peaks = new WaveformMeter(sampleRate, channels, { samplesPerPixel, samples });
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
 * Starts the measurement of one signal in a single pass, of the parts that there are meters for; the others are null without an error.
 * The report does not depend on how the signal is cut into chunks. Memory grows only with what is reported: per second 10 numbers of
 * loudness, and the pixels of the waveform.
 */
export const make = (
  options: SignalOptions,
  meters: Partial<SignalMeters> = signalMeters,
): SignalAnalyser => {
  const { sampleRate, channels } = options;
  const statistics = new SampleStatistics(channels);
  const part = <Result>(meter: ((options: SignalOptions) => Meter<Result>) | undefined) =>
    meter === undefined ? null : new Part(() => meter(options));
  const facts = part(meters.signal), loudness = part(meters.loudness);
  const spectrum = part(meters.spectrum), waveform = part(meters.waveform);
  const all = [facts, loudness, spectrum, waveform].filter((part) => part !== null);
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
      const told = facts?.finish() ?? unasked, loud = loudness?.finish() ?? unasked;
      const spectral = spectrum?.finish() ?? unasked, drawn = waveform?.finish() ?? unasked;
      const { nonFiniteSamples, ...levels } = statistics.finish();
      return {
        frames,
        durationSeconds: frames / sampleRate,
        nonFiniteSamples,
        loudness: loud.value && loud.value.levels,
        curves: loud.value && loud.value.curves,
        signal: told.value && {
          ...told.value,
          ...levels,
          spectrum: spectral.value && spectral.value.spectrum,
        },
        spectrogram: spectral.value && spectral.value.spectrogram,
        waveform: drawn.value,
        errors: errorsOf({ signal: told, loudness: loud, spectrum: spectral, waveform: drawn }),
      };
    },
  };
};

const finiteOrZero = (sample: number): number => Number.isFinite(sample) ? sample : 0;
