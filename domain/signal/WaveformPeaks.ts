import { NumberBlocks } from "./NumberBlocks.ts";

/**
 * The lowest and highest sample of each pixel of a waveform, mixed to mono, as 16-bit integers: what BBC audiowaveform
 * 1.10 computes from the same 16-bit samples. `data` holds a minimum and a maximum for each of `length` pixels.
 */
export interface WaveformPeaks {
  readonly sampleRate: number;
  readonly samplesPerPixel: number;
  readonly length: number;
  readonly data: Int16Array<ArrayBuffer>;
}

/** Above any sum of samples; an integer, for faster comparison than with infinity. */
const LIMIT = 2 ** 24;

/** Streaming peak meter for interleaved samples of any number of channels. */
export class WaveformMeter {
  readonly #sampleRate: number;
  readonly #channels: number;
  readonly #samplesPerPixel: number;
  readonly #data = new NumberBlocks((length) => new Int16Array(length));
  /** Frames in the open pixel, and the extremes of the sums of their channels. */
  #open = 0;
  #lowest = LIMIT;
  #highest = -LIMIT;

  constructor(sampleRate: number, channels: number, samplesPerPixel: number = 256) {
    this.#sampleRate = sampleRate;
    this.#channels = channels;
    this.#samplesPerPixel = samplesPerPixel;
  }

  /** Adds the first `frames` frames of an interleaved buffer. */
  push(interleaved: Float32Array, frames: number): void {
    const channels = this.#channels;
    for (let offset = 0; offset < frames;) {
      const count = Math.min(frames - offset, this.#samplesPerPixel - this.#open);
      let lowest = this.#lowest, highest = this.#highest;
      let i = offset * channels;
      const end = i + count * channels;
      if (channels === 2) { // The common case, a quarter faster than the general one.
        for (; i < end; i += 2) {
          const sum = toInt16(interleaved[i]!) + toInt16(interleaved[i + 1]!);
          if (sum < lowest) lowest = sum;
          if (sum > highest) highest = sum;
        }
      } else {
        while (i < end) {
          let sum = 0;
          for (const next = i + channels; i < next; i++) sum += toInt16(interleaved[i]!);
          if (sum < lowest) lowest = sum;
          if (sum > highest) highest = sum;
        }
      }
      this.#lowest = lowest;
      this.#highest = highest;
      this.#open += count;
      offset += count;
      if (this.#open === this.#samplesPerPixel) this.#closePixel();
    }
  }

  /** The peaks of everything pushed so far, the last pixel perhaps of fewer frames. Nothing may be pushed afterwards. */
  finish(): WaveformPeaks {
    if (this.#open > 0) this.#closePixel();
    const data = this.#data.take();
    return {
      sampleRate: this.#sampleRate,
      samplesPerPixel: this.#samplesPerPixel,
      length: data.length / 2,
      data,
    };
  }

  #closePixel(): void {
    // The mean of a frame grows with its sum, so that the extremes can be divided last. Storing truncates.
    this.#data.push(this.#lowest / this.#channels);
    this.#data.push(this.#highest / this.#channels);
    this.#open = 0;
    this.#lowest = LIMIT;
    this.#highest = -LIMIT;
  }
}

/**
 * Peaks at a coarser level, the same as computed from the samples. Throws a `RangeError` unless `samplesPerPixel` is a
 * multiple of that of `peaks`.
 */
export const zoom = (peaks: WaveformPeaks, samplesPerPixel: number): WaveformPeaks => {
  const factor = samplesPerPixel / peaks.samplesPerPixel;
  if (!Number.isInteger(factor) || factor < 1) {
    throw new RangeError(
      `${samplesPerPixel} samples per pixel are not a multiple of ${peaks.samplesPerPixel}`,
    );
  }
  const length = Math.ceil(peaks.length / factor);
  const data = new Int16Array(2 * length);
  for (let pixel = 0; pixel < length; pixel++) {
    let lowest = Infinity, highest = -Infinity;
    const end = Math.min(peaks.length, (pixel + 1) * factor);
    for (let i = pixel * factor; i < end; i++) {
      lowest = Math.min(lowest, peaks.data[2 * i]!);
      highest = Math.max(highest, peaks.data[2 * i + 1]!);
    }
    data[2 * pixel] = lowest;
    data[2 * pixel + 1] = highest;
  }
  return { ...peaks, samplesPerPixel, length, data };
};

/** The largest sample that is not clamped. */
const HIGHEST = 32767 / 32768;

/** A sample as a 16-bit integer: finer ones lose their lower bits, as in libsndfile, which audiowaveform reads by; and clamped. */
const toInt16 = (sample: number): number => {
  if (sample >= HIGHEST) return 32767;
  if (sample <= -1) return -32768;
  // Conversion to int truncates: the offset makes that a rounding down.
  return (sample * 32768 + 32768 | 0) - 32768;
};
