import { melBands } from "./MelBands.ts";
import { musicRate } from "./MusicRate.ts";
import { NumberBlocks } from "./NumberBlocks.ts";
import { RealFft } from "./RealFft.ts";

const SIZE = 1024;
const HOP = 256;
const BANDS = 40;
/** Up to about 500 Hz: drums and bass. */
const LOW_BANDS = 6;
/** Frames between the two spectra that are compared; the one between them would see part of the same onset. */
const LAG = 2;
/** Half the length, in frames, of the stretch whose mean is removed: 0.2 s. */
const MEAN_RADIUS = 17;

/** Frames of novelty in a second. */
export const noveltyRate = musicRate / HOP;

/** The time in seconds of an onset whose novelty is greatest in a frame: by measurement, to about 5 ms. */
export const frameSeconds = (frame: number): number => (frame * HOP + 520) / musicRate;

/** How much new sound each frame brings, 0 and more, its mean square being 1 (or all zeros). */
export interface Novelty {
  readonly all: Float32Array;
  /** Of the lowest bands alone. */
  readonly low: Float32Array;
  /** The share of the sound that is new in a mean frame: near 0 for a held tone, 0.015 and more for music. */
  readonly activity: number;
}

/**
 * Streaming onset detection function of mono audio at the music rate, one value each 11.6 ms: the increase of compressed
 * mel-band magnitudes over two frames, where the earlier spectrum is widened by a band on each side so that vibrato
 * and glides count for little (Böck & Widmer, "Maximum filter vibrato suppression for onset detection", DAFx 2013).
 * The compression is the square root, not the usual logarithm: the level then only scales the result.
 */
export class OnsetNovelty {
  readonly #fft = new RealFft(SIZE);
  readonly #window = Float64Array.from(
    { length: SIZE },
    (_, i) => 0.5 - 0.5 * Math.cos(2 * Math.PI * i / SIZE),
  );
  readonly #bands = melBands(musicRate, SIZE, BANDS, 30, 10_000);
  readonly #powers = new Float64Array(this.#bands.bins);
  readonly #samples = new Float32Array(SIZE);
  #filled = 0;
  /** The bands of the latest frames, by frame number modulo their count, with a zero on either side. */
  readonly #history = Array.from({ length: LAG + 1 }, () => new Float64Array(BANDS + 2));
  #frames = 0;
  readonly #all = new NumberBlocks((length) => new Float32Array(length));
  readonly #low = new NumberBlocks((length) => new Float32Array(length));
  #sound = 0;
  #increase = 0;

  /** Frames so far. */
  get frames(): number {
    return this.#frames;
  }

  /** Examines the next samples, any number of them. */
  push(mono: Float32Array): void {
    for (let from = 0; from < mono.length;) {
      const taken = Math.min(SIZE - this.#filled, mono.length - from);
      this.#samples.set(mono.subarray(from, from + taken), this.#filled);
      this.#filled += taken;
      from += taken;
      if (this.#filled === SIZE) {
        this.#frame();
        this.#samples.copyWithin(0, HOP);
        this.#filled = SIZE - HOP;
      }
    }
  }

  /** The novelty of everything pushed so far. Nothing may be pushed afterwards. */
  finish(): Novelty {
    return {
      all: peaky(this.#all.take()),
      low: peaky(this.#low.take()),
      activity: this.#sound > 0 ? this.#increase / this.#sound : 0,
    };
  }

  #frame(): void {
    const frame = this.#frames++;
    const values = this.#history[frame % (LAG + 1)]!, earlier = this.#history[(frame + 1) % (LAG + 1)]!;
    this.#loudness(values);
    let all = 0, low = 0;
    for (let band = 1; band <= BANDS; band++) {
      const value = values[band]!;
      this.#sound += value;
      const before = Math.max(earlier[band - 1]!, earlier[band]!, earlier[band + 1]!);
      if (frame < LAG || value <= before) continue;
      all += value - before;
      if (band <= LOW_BANDS) low += value - before;
    }
    this.#increase += all;
    this.#all.push(all);
    this.#low.push(low);
  }

  /** Writes the compressed magnitude of each band of the samples, after a zero. */
  #loudness(into: Float64Array): void {
    this.#fft.forward(this.#samples, 0, this.#window);
    const { re, im } = this.#fft, powers = this.#powers;
    for (let k = 0; k < powers.length; k++) powers[k] = re[k]! * re[k]! + im[k]! * im[k]!;
    const { firstBins, offsets, weights } = this.#bands;
    for (let band = 0; band < BANDS; band++) {
      let power = 0;
      for (let i = offsets[band]!, k = firstBins[band]!; i < offsets[band + 1]!; i++, k++) {
        power += weights[i]! * powers[k]!;
      }
      into[band + 1] = Math.sqrt(Math.sqrt(power));
    }
  }
}

/** What rises above the mean of the neighbourhood, scaled to a mean square of 1, in the place of the values. */
const peaky = (values: Float32Array): Float32Array => {
  /** The values before that the mean still holds. */
  const before = new Float32Array(MEAN_RADIUS + 1);
  let sum = 0, energy = 0;
  for (let i = 0; i < Math.min(MEAN_RADIUS, values.length); i++) sum += values[i]!;
  for (let i = 0; i < values.length; i++) {
    if (i + MEAN_RADIUS < values.length) sum += values[i + MEAN_RADIUS]!;
    const slot = i % before.length;
    if (i > MEAN_RADIUS) sum -= before[slot]!;
    before[slot] = values[i]!;
    const count = Math.min(i + MEAN_RADIUS, values.length - 1) - Math.max(i - MEAN_RADIUS, 0) + 1;
    const peak = Math.max(0, values[i]! - sum / count);
    values[i] = peak;
    energy += peak * peak;
  }
  const scale = energy > 0 ? Math.sqrt(values.length / energy) : 0;
  for (let i = 0; i < values.length; i++) values[i]! *= scale;
  return values;
};
