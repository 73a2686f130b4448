import * as Decibels from "./Decibels.ts";

/** Statistics of the samples of all channels. */
export interface Statistics {
  /** Samples in plateaus: three or more equal ones in a row in a channel, at or above full scale. */
  readonly clippedSamples: number;
  /** Mean of the channel whose mean is farthest from zero, full scale being 1; null without samples. */
  readonly dcOffset: number | null;
  /** Root mean square in dB relative to 1, so that a full-scale sine has −3.01; null for digital silence. */
  readonly rmsDbfs: number | null;
  /** Highest sample over root mean square; null for digital silence. */
  readonly crestDb: number | null;
  /** Samples that are NaN or infinite; everything else takes them for 0. */
  readonly nonFiniteSamples: number;
}

/** Full scale, less the step that positive 16-bit samples stay below it. */
const FULL_SCALE = 0.9999;
const SHORTEST_PLATEAU = 3;

/** Streaming statistics of samples. */
export class SampleStatistics {
  readonly #channels: number;
  readonly #sums: Float64Array;
  readonly #squares: Float64Array;
  /** For each channel the value of its last sample if that was at full scale, else 0, and how often it came in a row. */
  readonly #plateaus: Float64Array;
  readonly #lengths: Float64Array;
  #frames = 0;
  #highest = 0;
  #clipped = 0;
  #nonFinite = 0;

  constructor(channels: number) {
    this.#channels = channels;
    this.#sums = new Float64Array(channels);
    this.#squares = new Float64Array(channels);
    this.#plateaus = new Float64Array(channels);
    this.#lengths = new Float64Array(channels);
  }

  /** Counts the first `frames` frames of an interleaved buffer; answers how many samples in them are not finite. */
  push(interleaved: Float32Array, frames: number): number {
    let highest = this.#highest, clipped = this.#clipped, nonFinite = 0;
    const stride = this.#channels, end = frames * stride;
    for (let channel = 0; channel < stride; channel++) {
      let sum = this.#sums[channel]!, squares = this.#squares[channel]!;
      let plateau = this.#plateaus[channel]!, length = this.#lengths[channel]!;
      for (let i = channel; i < end; i += stride) {
        const sample = interleaved[i]!;
        const magnitude = sample < 0 ? -sample : sample;
        if (magnitude < FULL_SCALE) {
          plateau = 0;
        } else if (magnitude < Infinity) {
          length = sample === plateau ? length + 1 : 1;
          plateau = sample;
          if (length === SHORTEST_PLATEAU) clipped += SHORTEST_PLATEAU;
          else if (length > SHORTEST_PLATEAU) clipped++;
        } else {
          nonFinite++;
          plateau = 0;
          continue;
        }
        sum += sample;
        squares += sample * sample;
        if (magnitude > highest) highest = magnitude;
      }
      this.#sums[channel] = sum;
      this.#squares[channel] = squares;
      this.#plateaus[channel] = plateau;
      this.#lengths[channel] = length;
    }
    this.#frames += frames;
    this.#highest = highest;
    this.#clipped = clipped;
    this.#nonFinite += nonFinite;
    return nonFinite;
  }

  /** The statistics of everything pushed so far. */
  finish(): Statistics {
    const frames = this.#frames;
    const squares = this.#squares.reduce((total, one) => total + one, 0);
    const rms = squares === 0 ? 0 : Math.sqrt(squares / (frames * this.#channels));
    const farthest = this.#sums.reduce((far, sum) => Math.abs(sum) > Math.abs(far) ? sum : far, 0);
    return {
      clippedSamples: this.#clipped,
      dcOffset: frames === 0 ? null : farthest / frames,
      rmsDbfs: Decibels.fromAmplitude(rms),
      crestDb: rms === 0 ? null : Decibels.fromAmplitude(this.#highest / rms),
      nonFiniteSamples: this.#nonFinite,
    };
  }
}
