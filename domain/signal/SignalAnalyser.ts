import { type Loudness, type LoudnessCurves, LoudnessMeter } from "./LoudnessMeter.ts";
import { type Errors, errorsOf, type Meter, Part, unasked } from "./Part.ts";
import type { NumberSink } from "./NumberBlocks.ts";
import type { SampleKind } from "./SampleKind.ts";
import { SampleStatistics, type Statistics } from "./SampleStatistics.ts";
import { SilenceDetector, type SilenceOptions, type Silences } from "./SilenceDetector.ts";
import type { Spectrogram } from "./Spectrogram.ts";
import { type Spectrum, SpectrumMeter, type SpectrumReport } from "./SpectrumMeter.ts";
import { type StereoImage, StereoMeter } from "./StereoImage.ts";
import { type PeakLevels, TruePeakMeter } from "./TruePeakMeter.ts";
import { type PeakSinks, WaveformMeter, type WaveformSize } from "./WaveformPeaks.ts";
import { WaveformRmsMeter } from "./WaveformRms.ts";

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
  readonly waveform: WaveformSize;
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

/** Where the pixels of a waveform go: they may be too many to keep. */
export interface PixelSinks extends PeakSinks {
  readonly rms: NumberSink;
}

/** How the meter of each part is made. */
export type SignalMeters = {
  readonly [Name in keyof SignalParts]: (options: SignalOptions) => Meter<SignalParts[Name]>;
};

/** The meters that keep what they find. */
export const signalMeters: Omit<SignalMeters, "waveform"> = {
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
};

/** The meter of a waveform, whose pixels go to sinks. */
export const waveformMeter = (pixels: PixelSinks): SignalMeters["waveform"] => (options) => {
  const { sampleRate, channels, samplesPerPixel, samples } = options;
  const peaks = new WaveformMeter(sampleRate, channels, pixels, { samplesPerPixel, samples });
  const rms = new WaveformRmsMeter(channels, pixels.rms, samplesPerPixel);
  return {
    push: (chunk, frames) => {
      peaks.push(chunk, frames);
      rms.push(chunk, frames);
    },
    finish: () => {
      rms.finish();
      return peaks.finish();
    },
  };
};

/**
 * Starts the measurement of one signal in a single pass, of the parts that there are meters for; the others are null without an error.
 * The report does not depend on how the signal is cut into chunks. Memory grows only with what is reported: per second 10 numbers of
 * loudness.
 */
export const make = (options: SignalOptions, meters: Partial<SignalMeters>): SignalAnalyser => {
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
