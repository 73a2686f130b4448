/** Pitch classes of an octave; chromas hold one value for each, that of C first. */
export const pitchClasses = 12;

/** Bins of 2 cents, fine enough for the tuning to be taken out when all has been heard. */
const BINS_PER_SEMITONE = 50;
const LOWEST_PITCH = 28;
const BINS = (100 - LOWEST_PITCH) * BINS_PER_SEMITONE;

/** How much of each pitch was heard over all frames, E1 to E7. Its memory does not grow. */
export class PitchHistogram {
  readonly #bins = new Float64Array(BINS);

  /** Adds the first `count` peaks of one frame; pitches are MIDI note numbers with a fraction, 28 to 99. */
  add(pitches: Float64Array, weights: Float64Array, count: number): void {
    let sum = 0;
    for (let i = 0; i < count; i++) sum += weights[i]!;
    // Divided by the root of the sum, dense and loud frames count for more, but less than in proportion.
    const gain = 1 / Math.sqrt(sum);
    for (let i = 0; i < count; i++) {
      this.#bins[Math.round((pitches[i]! - LOWEST_PITCH) * BINS_PER_SEMITONE)]! += gain * weights[i]!;
    }
  }

  /**
   * How far the pitches lie above the tempered scale on A4 = 440 Hz, −50 to 49.5 cents: where most of them are, not their
   * mean, which the fifth and seventh harmonics (14 and 31 cents flat) would draw down. For the same reason pitches count
   * in inverse proportion to their frequency.
   */
  tuningCents(): number {
    const offsets = new Float64Array(BINS_PER_SEMITONE);
    this.#bins.forEach((weight, bin) => {
      offsets[bin % BINS_PER_SEMITONE]! += weight * 2 ** (-bin / (pitchClasses * BINS_PER_SEMITONE));
    });
    let most = 0, cents = 0;
    for (let candidate = -50; candidate < 50; candidate += 0.5) {
      const density = offsets.reduce((sum, weight, bin) => {
        const distance = candidate / 100 - bin / BINS_PER_SEMITONE;
        return sum + weight * Math.cos(Math.PI * distance) ** 8;
      }, 0);
      if (density > most) {
        most = density;
        cents = candidate;
      }
    }
    return cents;
  }

  /**
   * How well the pitches keep to a tempered scale in whatever tuning, 0 to 1: the length of the mean of their places
   * between two notes, taken as directions. Most music in one tuning has 0.4 to 0.9, speech and noise below 0.2.
   */
  focus(): number {
    let x = 0, y = 0, sum = 0;
    this.#bins.forEach((weight, bin) => {
      x += weight * Math.cos(2 * Math.PI * bin / BINS_PER_SEMITONE);
      y += weight * Math.sin(2 * Math.PI * bin / BINS_PER_SEMITONE);
      sum += weight;
    });
    return sum > 0 ? Math.hypot(x, y) / sum : 0;
  }

  /**
   * The pitches folded into an octave, with the tuning taken out and pitches between two notes counted for less. Each counts
   * as the first harmonic of a note, the second of a lower one, and so on, with the weights given; notes below E1 do not
   * count. The values add up to 1, or are all 0.
   */
  chroma(tuningCents: number, harmonicWeights: ReadonlyArray<number>): Float64Array {
    const chroma = new Float64Array(pitchClasses);
    this.#bins.forEach((weight, bin) => {
      if (weight === 0) return;
      const pitch = LOWEST_PITCH + bin / BINS_PER_SEMITONE - tuningCents / 100;
      for (const [i, harmonicWeight] of harmonicWeights.entries()) {
        const fundamental = pitch - 12 * Math.log2(i + 1);
        if (fundamental < LOWEST_PITCH) break;
        const note = Math.round(fundamental);
        chroma[note % pitchClasses]! += harmonicWeight * weight *
          Math.cos(Math.PI * (fundamental - note)) ** 2;
      }
    });
    const sum = chroma.reduce((total, value) => total + value, 0);
    return chroma.map((value) => sum > 0 ? value / sum : 0);
  }
}
