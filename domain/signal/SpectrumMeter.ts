import { FrequencyBands, octaveEdges } from "./FrequencyBands.ts";
import { RealFft } from "./RealFft.ts";
import { type Spectrogram, SpectrogramMeter } from "./Spectrogram.ts";

/** The average spectrum of a signal. */
export interface Spectrum {
  /** The mean of the frequencies in Hz, each weighted by its amplitude. */
  readonly centroidHz: number;
  /**
   * The level of each of 32 bands in dB relative to a mean square of 1, so that a full-scale sine has −3.01. The bands are equally
   * wide in octaves from 20 Hz to 20 kHz; −120 is the lowest level, and that of bands above half of the sample rate.
   */
  readonly bands: ReadonlyArray<number>;
}

/** What a signal is made of; the spectrum is null for digital silence. */
export interface SpectrumReport {
  readonly spectrum: Spectrum | null;
  readonly spectrogram: Spectrogram;
}

export const SPECTRUM_BANDS = 32;
const LOWEST_HZ = 20;
const HIGHEST_HZ = 20_000;
const LOWEST_DB = -120;

/** Transforms are about as long as 2048 samples at 44.1 kHz, 46 ms, so that bins are about 23 Hz wide at every rate. */
const BINS_PER_HZ = 1 / 21.5;

/**
 * Streaming spectrum analyser (Welch 1967): the mean power of overlapping frames, each under a Hann window. Every frame is of another
 * channel, in turn, so that nothing cancels between them. It keeps one frame, one spectrum, and the columns of a spectrogram.
 */
export class SpectrumMeter {
  readonly #channels: number;
  readonly #binWidth: number;
  readonly #fft: RealFft;
  readonly #window: Float64Array;
  /** Turns the squared magnitude of a bin into its share of the mean square of a frame. */
  readonly #scale: number;
  /** The open frame, interleaved. */
  readonly #open: Float32Array;
  #filled = 0;
  readonly #channel: Float32Array;
  readonly #power: Float64Array;
  readonly #total: Float64Array;
  #count = 0;
  readonly #spectrogram: SpectrogramMeter;

  constructor(sampleRate: number, channels: number) {
    const size = Math.max(16, 2 ** Math.round(Math.log2(sampleRate * BINS_PER_HZ)));
    this.#channels = channels;
    this.#binWidth = sampleRate / size;
    this.#fft = new RealFft(size);
    this.#window = Float64Array.from(
      { length: size },
      (_, i) => 0.5 - 0.5 * Math.cos(2 * Math.PI * i / size),
    );
    // The squares of a Hann window add up to 3/8 of its length; every bin stands for two, but those at the ends.
    this.#scale = 2 / (size * size * 3 / 8);
    this.#open = new Float32Array(size * channels);
    this.#channel = new Float32Array(size);
    this.#power = new Float64Array(size / 2 + 1);
    this.#total = new Float64Array(size / 2 + 1);
    this.#spectrogram = new SpectrogramMeter(sampleRate, this.#binWidth, size / 2 + 1, channels);
  }

  /** Measures the first `frames` frames of an interleaved buffer. Samples must be finite. */
  push(interleaved: Float32Array, frames: number): void {
    const channels = this.#channels, size = this.#fft.size;
    for (let offset = 0; offset < frames;) {
      const count = Math.min(frames - offset, size - this.#filled);
      const samples = interleaved.subarray(offset * channels, (offset + count) * channels);
      this.#open.set(samples, this.#filled * channels);
      this.#filled += count;
      offset += count;
      if (this.#filled === size) this.#closeFrame();
    }
  }

  /** The spectrum of everything pushed so far. Nothing may be pushed afterwards. */
  finish(): SpectrumReport {
    // A signal too short for a frame of each channel stands in the middle of frames, where the window lets it through.
    const { size } = this.#fft, channels = this.#channels;
    if (this.#count < channels && this.#filled > 0) {
      const start = size - this.#filled >> 1;
      this.#open.fill(0, this.#filled * channels);
      this.#open.copyWithin(start * channels, 0, this.#filled * channels);
      this.#open.fill(0, 0, start * channels);
      while (this.#count < channels) this.#measureFrame();
    }
    return { spectrum: this.#average(), spectrogram: this.#spectrogram.finish() };
  }

  #closeFrame(): void {
    this.#measureFrame();
    const half = this.#fft.size / 2;
    this.#open.copyWithin(0, half * this.#channels);
    this.#filled = half;
  }

  #measureFrame(): void {
    const { re, im, size } = this.#fft, power = this.#power, total = this.#total, scale = this.#scale;
    const open = this.#open, channel = this.#channel, channels = this.#channels;
    for (let at = 0, i = this.#count % channels; at < size; at++, i += channels) channel[at] = open[i]!;
    this.#fft.forward(channel, 0, this.#window);
    for (let bin = 0; bin < power.length; bin++) {
      const both = bin === 0 || bin === size / 2 ? 0.5 : 1;
      power[bin] = both * scale * (re[bin]! * re[bin]! + im[bin]! * im[bin]!);
      total[bin] = total[bin]! + power[bin]!;
    }
    this.#spectrogram.push(power);
    this.#count++;
  }

  #average(): Spectrum | null {
    const total = this.#total, binWidth = this.#binWidth;
    let amplitudes = 0, moment = 0;
    for (let bin = 0; bin < total.length; bin++) {
      const amplitude = Math.sqrt(total[bin]!);
      amplitudes += amplitude;
      moment += amplitude * bin * binWidth;
    }
    if (amplitudes === 0) return null;
    const levels = new Float64Array(SPECTRUM_BANDS);
    new FrequencyBands(octaveEdges(LOWEST_HZ, HIGHEST_HZ, SPECTRUM_BANDS), binWidth, total.length)
      .add(total, levels);
    return {
      centroidHz: moment / amplitudes,
      bands: Array.from(levels, (power) => Math.max(LOWEST_DB, 10 * Math.log10(power / this.#count))),
    };
  }
}
