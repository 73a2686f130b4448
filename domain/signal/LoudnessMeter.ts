import { channelWeights } from "./ChannelWeights.ts";
import { type KWeighting, kWeighting } from "./KWeighting.ts";

/** Loudness of a programme in LUFS and LU; null where the programme has too little sound to measure it. */
export interface Loudness {
  /** Gated loudness of the whole; null when shorter than 400 ms or nowhere above −70 LUFS. */
  readonly integratedLufs: number | null;
  /** Loudness range; null when shorter than 3 s or nowhere above −70 LUFS for as long. */
  readonly rangeLu: number | null;
  /** The relative gate, 10 LU below the loudness of all blocks above −70 LUFS. */
  readonly thresholdLufs: number | null;
  /** Maximum over 400 ms windows; null when shorter than that or without sound. */
  readonly maxMomentaryLufs: number | null;
  /** Maximum over 3 s windows; null when shorter than that or without sound. */
  readonly maxShortTermLufs: number | null;
}

/** Loudness over time in LUFS, a value for each 100 ms; −Infinity where there is no sound. */
export interface LoudnessCurves {
  /** Of 400 ms windows: the first ends at 0.4 s. */
  readonly momentary: Float32Array;
  /** Of 3 s windows: the first ends at 3 s. */
  readonly shortTerm: Float32Array;
}

/** Windows are counted in cells of 10 ms, the grid of the maxima, and in tenths of a second, the grid of the gates. */
const CELLS_PER_TENTH = 10;
const MOMENTARY_TENTHS = 4;
const SHORT_TERM_TENTHS = 30;
const MOMENTARY_CELLS = MOMENTARY_TENTHS * CELLS_PER_TENTH;
const SHORT_TERM_CELLS = SHORT_TERM_TENTHS * CELLS_PER_TENTH;

/** Far below any sound and far above subnormal numbers, on which arithmetic is slow. */
const NEGLIGIBLE = 1e-60;

/**
 * Streaming loudness meter: ITU-R BS.1770-4 (K-weighting, 400 ms blocks that overlap by 75 %, absolute and relative
 * gate), EBU Tech 3341 (momentary and short-term loudness) and EBU Tech 3342 (loudness range). It keeps 3 s of 10 ms
 * cells and one number per 100 ms. Samples must be finite.
 */
export class LoudnessMeter {
  readonly #sampleRate: number;
  readonly #channels: number;
  readonly #weights: Float64Array;
  readonly #filter: KWeighting;
  /** Four delays of the filter for each channel. */
  readonly #delays: Float64Array;
  /** Sum of squares of each channel in the open cell. */
  readonly #sums: Float64Array;
  readonly #cells = new Float64Array(SHORT_TERM_CELLS);
  readonly #tenths: Array<number> = [];
  #cellCount = 0;
  #frames = 0;
  #cellEnd: number;
  #maxMomentary = 0;
  #maxShortTerm = 0;

  constructor(sampleRate: number, channels: number) {
    this.#sampleRate = sampleRate;
    this.#channels = channels;
    this.#weights = channelWeights(channels);
    this.#filter = kWeighting(sampleRate);
    this.#delays = new Float64Array(4 * channels);
    this.#sums = new Float64Array(channels);
    this.#cellEnd = this.#cellBoundary(1);
  }

  /** Measures the first `frames` frames of an interleaved buffer. */
  push(interleaved: Float32Array, frames: number): void {
    for (let offset = 0; offset < frames;) {
      const count = Math.min(frames - offset, this.#cellEnd - this.#frames);
      for (let channel = 0; channel < this.#channels; channel++) {
        if (this.#weights[channel] === 0) continue;
        const first = offset * this.#channels + channel;
        addEnergy(this.#filter, this.#delays, this.#sums, channel, interleaved, first, this.#channels, count);
      }
      offset += count;
      this.#frames += count;
      if (this.#frames === this.#cellEnd) this.#closeCell();
    }
  }

  /** The loudness of everything pushed so far; blocks that are not complete do not count. */
  finish(): Loudness {
    const { integratedLufs, thresholdLufs } = gated(this.#meanSquares(MOMENTARY_TENTHS));
    return {
      integratedLufs,
      rangeLu: range(this.#meanSquares(SHORT_TERM_TENTHS).filter((value) => value > ABSOLUTE_GATE)),
      thresholdLufs,
      maxMomentaryLufs: loudness(this.#maxMomentary),
      maxShortTermLufs: loudness(this.#maxShortTerm),
    };
  }

  /** The loudness over time of everything pushed so far. */
  curves(): LoudnessCurves {
    const curve = (tenths: number) =>
      Float32Array.from(this.#meanSquares(tenths), (value) => loudness(value) ?? -Infinity);
    return { momentary: curve(MOMENTARY_TENTHS), shortTerm: curve(SHORT_TERM_TENTHS) };
  }

  /** The frame at which a cell begins: rounded from the exact time, so that windows do not drift at any rate. */
  #cellBoundary(cell: number): number {
    return Math.round(cell * this.#sampleRate / 100);
  }

  #closeCell(): void {
    let energy = 0;
    for (let channel = 0; channel < this.#channels; channel++) {
      energy += this.#weights[channel]! * this.#sums[channel]!;
    }
    this.#sums.fill(0);
    for (let i = 0; i < this.#delays.length; i++) {
      if (Math.abs(this.#delays[i]!) < NEGLIGIBLE) this.#delays[i] = 0;
    }
    this.#cells[this.#cellCount % SHORT_TERM_CELLS] = energy;
    this.#cellCount++;
    this.#cellEnd = this.#cellBoundary(this.#cellCount + 1);
    if (this.#cellCount % CELLS_PER_TENTH === 0) this.#tenths.push(this.#energyOfLast(CELLS_PER_TENTH));
    this.#maxMomentary = Math.max(this.#maxMomentary, this.#meanSquareOfLast(MOMENTARY_CELLS));
    this.#maxShortTerm = Math.max(this.#maxShortTerm, this.#meanSquareOfLast(SHORT_TERM_CELLS));
  }

  #energyOfLast(cells: number): number {
    let energy = 0;
    for (let cell = this.#cellCount - cells; cell < this.#cellCount; cell++) {
      energy += this.#cells[cell % SHORT_TERM_CELLS]!;
    }
    return energy;
  }

  /** 0 as long as there are not that many cells. */
  #meanSquareOfLast(cells: number): number {
    if (this.#cellCount < cells) return 0;
    const first = this.#cellBoundary(this.#cellCount - cells);
    return this.#energyOfLast(cells) / (this.#frames - first);
  }

  /** The mean squares of all windows of a number of tenths, 100 ms apart. */
  #meanSquares(width: number): Float64Array {
    const windows = new Float64Array(Math.max(0, this.#tenths.length - width + 1));
    for (let first = 0; first < windows.length; first++) {
      let energy = 0;
      for (let tenth = first; tenth < first + width; tenth++) energy += this.#tenths[tenth]!;
      const start = this.#cellBoundary(first * CELLS_PER_TENTH);
      windows[first] = energy / (this.#cellBoundary((first + width) * CELLS_PER_TENTH) - start);
    }
    return windows;
  }
}

/** Filters `count` samples of a channel, and adds their squares to its sum. */
const addEnergy = (
  { shelf, highPass }: KWeighting,
  delays: Float64Array,
  sums: Float64Array,
  channel: number,
  interleaved: Float32Array,
  first: number,
  stride: number,
  count: number,
): void => {
  const { b0, b1, b2, a1, a2 } = shelf;
  const { a1: c1, a2: c2 } = highPass;
  const at = 4 * channel;
  let p1 = delays[at]!, p2 = delays[at + 1]!, q1 = delays[at + 2]!, q2 = delays[at + 3]!;
  let sum = sums[channel]!;
  const end = first + count * stride;
  // Two biquads in transposed direct form II.
  for (let i = first; i < end; i += stride) {
    const x = interleaved[i]!;
    const y = b0 * x + p1;
    p1 = b1 * x - a1 * y + p2;
    p2 = b2 * x - a2 * y;
    const z = y + q1;
    q1 = q2 - 2 * y - c1 * z;
    q2 = y - c2 * z;
    sum += z * z;
  }
  delays[at] = p1;
  delays[at + 1] = p2;
  delays[at + 2] = q1;
  delays[at + 3] = q2;
  sums[channel] = sum;
};

const loudness = (meanSquare: number): number | null =>
  meanSquare > 0 ? -0.691 + 10 * Math.log10(meanSquare) : null;

/** Integrated loudness from the mean squares of 400 ms blocks that overlap by 75 %: by the absolute gate, then the relative one. */
export const gated = (meanSquares: Float64Array): Pick<Loudness, "integratedLufs" | "thresholdLufs"> => {
  const blocks = meanSquares.filter((value) => value > ABSOLUTE_GATE);
  const threshold = mean(blocks) * 0.1;
  return {
    integratedLufs: loudness(mean(blocks.filter((value) => value > threshold))),
    thresholdLufs: loudness(threshold),
  };
};

/** The mean square of a loudness in LUFS. */
export const meanSquareOf = (lufs: number): number => 10 ** ((lufs + 0.691) / 10);

const ABSOLUTE_GATE = meanSquareOf(-70);

/** 0 for no values. */
const mean = (values: Float64Array): number => {
  let sum = 0;
  for (const value of values) sum += value;
  return values.length === 0 ? 0 : sum / values.length;
};

/** EBU Tech 3342: from the 10th to the 95th percentile of short-term loudness above a gate of −20 LU. */
const range = (shortTerm: Float64Array): number | null => {
  const threshold = mean(shortTerm) * 0.01;
  const gated = shortTerm.filter((value) => value > threshold).sort();
  if (gated.length === 0) return null;
  const percentile = (fraction: number) => gated[Math.round((gated.length - 1) * fraction)]!;
  return 10 * Math.log10(percentile(0.95) / percentile(0.1));
};
