import * as Decibels from "./Decibels.ts";

/** Highest levels over all channels; null for digital silence. */
export interface PeakLevels {
  /** Of the reconstructed waveform, in dBTP (ITU-R BS.1770-4, Annex 2). */
  readonly truePeakDbtp: number | null;
  /** Of the samples, in dBFS. */
  readonly samplePeakDbfs: number | null;
}

/** Samples on either side of the point that is interpolated. */
const REACH = 12;
const HISTORY = 2 * REACH - 1;
const BLOCK = 64;
/** Room for rounding in the bounds that let a block or a point be skipped. */
const MARGIN = 1 + 1e-9;

/**
 * Streaming true-peak meter: 4 times oversampling below 96 kHz, 2 times below 192 kHz, none from there on, by a Kaiser-
 * windowed sinc over 24 samples. Outside the signal is silence. A block of samples that cannot exceed the
 * peak so far is not interpolated; this changes no result. Samples must be finite.
 */
export class TruePeakMeter {
  readonly #channels: number;
  readonly #interpolator: Interpolator | null;
  /** For each channel the history and the open block. */
  readonly #windows: Float64Array;
  /** For each channel the highest sample of the last block and of the open one. */
  readonly #lastHighest: Float64Array;
  readonly #highest: Float64Array;
  #filled = 0;
  #truePeak = 0;
  #samplePeak = 0;

  constructor(sampleRate: number, channels: number) {
    this.#channels = channels;
    this.#interpolator = sampleRate < 192_000 ? new Interpolator(sampleRate < 96_000 ? 4 : 2) : null;
    this.#windows = new Float64Array(channels * (HISTORY + BLOCK));
    this.#lastHighest = new Float64Array(channels);
    this.#highest = new Float64Array(channels);
  }

  /** Measures the first `frames` frames of an interleaved buffer. */
  push(interleaved: Float32Array, frames: number): void {
    const channels = this.#channels;
    for (let offset = 0; offset < frames;) {
      const count = Math.min(frames - offset, BLOCK - this.#filled);
      for (let channel = 0; channel < channels; channel++) {
        const start = channel * (HISTORY + BLOCK) + HISTORY + this.#filled;
        let highest = this.#highest[channel]!;
        for (let i = 0, from = offset * channels + channel; i < count; i++, from += channels) {
          const sample = interleaved[from]!;
          this.#windows[start + i] = sample;
          if (sample > highest) highest = sample;
          else if (-sample > highest) highest = -sample;
        }
        this.#highest[channel] = highest;
      }
      offset += count;
      this.#filled += count;
      if (this.#filled === BLOCK) this.#closeBlock();
    }
  }

  /** The peaks of everything pushed so far, taken as followed by silence: nothing may be pushed afterwards. */
  finish(): PeakLevels {
    const tail = BLOCK + HISTORY;
    this.push(new Float32Array(tail * this.#channels), tail);
    return {
      truePeakDbtp: Decibels.fromAmplitude(this.#truePeak),
      samplePeakDbfs: Decibels.fromAmplitude(this.#samplePeak),
    };
  }

  #closeBlock(): void {
    for (let channel = 0; channel < this.#channels; channel++) {
      const highest = this.#highest[channel]!;
      const local = Math.max(highest, this.#lastHighest[channel]!);
      this.#samplePeak = Math.max(this.#samplePeak, highest);
      this.#truePeak = Math.max(this.#truePeak, highest);
      const start = channel * (HISTORY + BLOCK);
      if (this.#interpolator !== null) {
        this.#truePeak = this.#interpolator.peak(this.#windows, start, local, this.#truePeak);
      }
      this.#windows.copyWithin(start, start + BLOCK, start + BLOCK + HISTORY);
      this.#lastHighest[channel] = highest;
      this.#highest[channel] = 0;
    }
    this.#filled = 0;
  }
}

/** Pairs of samples whose contribution is computed before a point is given up. */
const NEAR = 3;

/**
 * Interpolates midway between two samples and, when oversampling four times, at a quarter and three quarters. The
 * coefficients are for pairs of samples, nearest pair first: the middle is symmetric, and the quarters mirror each other,
 * so an even and an odd part serve both.
 */
class Interpolator {
  readonly #middle: Float64Array;
  readonly #even: Float64Array;
  readonly #odd: Float64Array;
  /** Bounds of the interpolated value for samples within ±1: of all pairs, and of those beyond the near ones. */
  readonly #bound: number;
  readonly #farBound: number;

  constructor(factor: 2 | 4) {
    const pairs = Array.from({ length: REACH }, (_, pair) => ({
      middle: tap(pair + 0.5),
      near: factor === 4 ? tap(pair + 0.25) : 0,
      far: factor === 4 ? tap(pair + 0.75) : 0,
    }));
    this.#middle = Float64Array.from(pairs, ({ middle }) => middle);
    this.#even = Float64Array.from(pairs, ({ near, far }) => (near + far) / 2);
    this.#odd = Float64Array.from(pairs, ({ near, far }) => (near - far) / 2);
    const bound = (some: typeof pairs) =>
      MARGIN * Math.max(
        some.reduce((sum, { middle }) => sum + 2 * Math.abs(middle), 0),
        some.reduce((sum, { near, far }) => sum + Math.abs(near) + Math.abs(far), 0),
      );
    this.#bound = bound(pairs);
    this.#farBound = bound(pairs.slice(NEAR));
  }

  /**
   * The larger of `peak` and the highest point of a block, `local` being the highest sample among the block's window,
   * which begins at `start`.
   */
  peak(windows: Float64Array, start: number, local: number, peak: number): number {
    if (local * this.#bound <= peak) return peak;
    const middle = this.#middle, even = this.#even, odd = this.#odd;
    const slack = local * this.#farBound;
    for (let left = start + REACH - 1; left < start + REACH - 1 + BLOCK; left++) {
      let m = 0, e = 0, o = 0;
      for (let pair = 0; pair < NEAR; pair++) {
        const a = windows[left - pair]!, b = windows[left + 1 + pair]!;
        m += middle[pair]! * (a + b);
        e += even[pair]! * (a + b);
        o += odd[pair]! * (a - b);
      }
      if (Math.max(Math.abs(m), Math.abs(e) + Math.abs(o)) + slack <= peak) continue;
      for (let pair = NEAR; pair < REACH; pair++) {
        const a = windows[left - pair]!, b = windows[left + 1 + pair]!;
        m += middle[pair]! * (a + b);
        e += even[pair]! * (a + b);
        o += odd[pair]! * (a - b);
      }
      peak = Math.max(peak, Math.abs(m), Math.abs(e) + Math.abs(o));
    }
    return peak;
  }
}

/** Shape of the Kaiser window: stop band below −75 dB. */
const BETA = 7.5;

/** The windowed sinc at a distance in samples. */
const tap = (distance: number): number =>
  Math.sin(Math.PI * distance) / (Math.PI * distance) *
  bessel(BETA * Math.sqrt(1 - (distance / REACH) ** 2)) / bessel(BETA);

/** The modified Bessel function of the first kind and order zero, by its power series. */
const bessel = (x: number): number => {
  let sum = 1;
  for (let k = 1, term = 1; term > 1e-17 * sum; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
};
