import { noveltyRate } from "./OnsetNovelty.ts";

const LOWEST = 25;
const HIGHEST = 500;
/** The ratio of neighbouring tempi. */
const STEP = 1.008;
const WINDOW_SECONDS = 8;
/** Frames summed into one before the transform: 8.4 Hz, the fastest tempo, needs no more than a quarter of them. */
const DECIMATION = 4;
const MAXIMA_RADIUS = 2;

/**
 * The strength of each tempo from 25 to 500 BPM in a novelty curve, on a logarithmic scale: the mean, over windows of
 * 8 s that overlap by half, of the magnitude of the short-time Fourier transform at the tempo's frequency, each window's
 * energy made 1 (Grosche & Müller, "Extracting predominant local pulse information from music recordings", IEEE TASLP
 * 2011).
 */
export class FourierTempogram {
  readonly #magnitudes = new Float64Array(Math.ceil(Math.log(HIGHEST / LOWEST) / Math.log(STEP)) + 1);
  /** The greatest strength of all, above 0. */
  readonly max: number;

  constructor(novelty: Float32Array) {
    const length = Math.min(novelty.length, Math.round(WINDOW_SECONDS * noveltyRate));
    const taper = Float64Array.from(
      { length },
      (_, i) => 0.5 - 0.5 * Math.cos(2 * Math.PI * (i + 0.5) / length),
    );
    const decimated = new Float64Array(Math.ceil(length / DECIMATION));
    let windows = 0;
    for (let from = 0; from + length <= novelty.length; from += Math.max(1, length >> 1)) {
      const energy = decimate(novelty, from, taper, decimated);
      if (energy <= 1e-9) continue;
      this.#add(decimated, 1 / Math.sqrt(energy * length));
      windows++;
    }
    for (let k = 0; k < this.#magnitudes.length && windows > 0; k++) this.#magnitudes[k]! /= windows;
    this.max = this.#magnitudes.reduce((max, magnitude) => Math.max(max, magnitude), 1e-6);
  }

  /** The greatest strength within 1.6 % of a tempo in BPM; 0 outside of the scale. */
  at(bpm: number): number {
    const magnitudes = this.#magnitudes;
    const k = Math.round(Math.log(bpm / LOWEST) / Math.log(STEP));
    const last = magnitudes.length - 1;
    let max = 0;
    for (let i = Math.max(0, k - MAXIMA_RADIUS); i <= Math.min(last, k + MAXIMA_RADIUS); i++) {
      if (magnitudes[i]! > max) max = magnitudes[i]!;
    }
    return max;
  }

  #add(decimated: Float64Array, scale: number): void {
    for (let k = 0; k < this.#magnitudes.length; k++) {
      const angle = 2 * Math.PI * LOWEST * STEP ** k / 60 / noveltyRate * DECIMATION;
      const turnRe = Math.cos(angle), turnIm = Math.sin(angle);
      let phaseRe = 1, phaseIm = 0, re = 0, im = 0;
      for (let i = 0; i < decimated.length; i++) {
        re += decimated[i]! * phaseRe;
        im += decimated[i]! * phaseIm;
        const next = phaseRe * turnRe - phaseIm * turnIm;
        phaseIm = phaseIm * turnRe + phaseRe * turnIm;
        phaseRe = next;
      }
      this.#magnitudes[k]! += Math.sqrt(re * re + im * im) * scale;
    }
  }
}

/** Writes the tapered stretch without its mean, several frames summed into one; answers its energy before the sums. */
const decimate = (novelty: Float32Array, from: number, taper: Float64Array, into: Float64Array): number => {
  let mean = 0, energy = 0;
  for (let i = 0; i < taper.length; i++) mean += novelty[from + i]! / taper.length;
  into.fill(0);
  for (let i = 0; i < taper.length; i++) {
    const value = (novelty[from + i]! - mean) * taper[i]!;
    energy += value * value;
    into[Math.floor(i / DECIMATION)]! += value;
  }
  return energy;
};
