import { noveltyRate } from "./OnsetNovelty.ts";
import { pulseStrength } from "./TempoRefinement.ts";

const WINDOW = Math.round(12 * noveltyRate);
const HOP = WINDOW >> 1;
/** How far a tempo may drift from that of the whole, and in what steps it is looked for. */
const RANGE = 0.08;
const STEP = 0.004;
/** The standard deviation of a drift, which decides where a stretch has no clear pulse. */
const USUAL = 0.05;

/**
 * The tempo as it drifts: how much faster than that of the whole, as a natural logarithm, each stretch of 12 s is.
 * Stretches overlap by half; what one of them alone says is not believed.
 */
export class LocalTempo {
  readonly #logRatios: ReadonlyArray<number>;

  constructor(novelty: Float32Array, bpm: number) {
    const found: Array<number> = [];
    for (let from = 0; from === 0 || from + WINDOW <= novelty.length; from += HOP) {
      found.push(strongest(novelty, from, Math.min(from + WINDOW, novelty.length), bpm / 60 / noveltyRate));
    }
    this.#logRatios = found.map((here, i) =>
      [found[i - 1] ?? here, here, found[i + 1] ?? here].sort((a, b) => a - b)[1]!
    );
  }

  /** The logarithm at a frame, between two stretches on the line from one to the other. */
  at(frame: number): number {
    const last = this.#logRatios.length - 1;
    const stretch = Math.min(last, Math.max(0, (frame - WINDOW / 2) / HOP));
    const before = Math.floor(stretch), part = stretch - before;
    return this.#logRatios[before]! * (1 - part) + this.#logRatios[Math.min(last, before + 1)]! * part;
  }
}

const strongest = (novelty: Float32Array, from: number, to: number, frequency: number): number => {
  let best = 0, greatest = 0;
  for (let drift = -RANGE; drift <= RANGE; drift += STEP) {
    const strength = pulseStrength(novelty, from, to, frequency * Math.exp(drift)) *
      Math.exp(-0.5 * (drift / USUAL) ** 2);
    if (strength <= greatest) continue;
    greatest = strength;
    best = drift;
  }
  return best;
};
