/** How the two channels of a stereo signal relate; nulls for any other number of channels, and where it is silent. */
export interface StereoImage {
  /**
   * Correlation of left and right, −1 to 1: 1 for the same signal in both, 0 for unrelated ones, −1 for one that is the other
   * turned over. Null too when one channel is silent.
   */
  readonly stereoCorrelation: number | null;
  /** Level of the right channel above the left in dB, kept within ±100. */
  readonly balanceDb: number | null;
  /** Whether both channels hold the same: their difference lies at least 60 dB below their sum. */
  readonly isDualMono: boolean;
}

const WIDEST_DB = 100;
const DUAL_MONO_RATIO = 1e-6;

/** Streaming meter of the stereo image: three sums of products. */
export class StereoMeter {
  readonly #isStereo: boolean;
  #left = 0;
  #right = 0;
  #product = 0;

  constructor(channels: number) {
    this.#isStereo = channels === 2;
  }

  /** Measures the first `frames` frames of an interleaved buffer. Samples must be finite. */
  push(interleaved: Float32Array, frames: number): void {
    if (!this.#isStereo) return;
    let left = this.#left, right = this.#right, product = this.#product;
    for (let i = 0; i < 2 * frames; i += 2) {
      const l = interleaved[i]!, r = interleaved[i + 1]!;
      left += l * l;
      right += r * r;
      product += l * r;
    }
    this.#left = left;
    this.#right = right;
    this.#product = product;
  }

  /** The image of everything pushed so far. */
  finish(): StereoImage {
    const left = this.#left, right = this.#right, product = this.#product;
    if (left + right === 0) return { stereoCorrelation: null, balanceDb: null, isDualMono: false };
    const scale = Math.sqrt(left) * Math.sqrt(right);
    const balance = 10 * (Math.log10(right) - Math.log10(left));
    return {
      stereoCorrelation: scale === 0 ? null : Math.max(-1, Math.min(1, product / scale)),
      balanceDb: Math.max(-WIDEST_DB, Math.min(WIDEST_DB, balance)),
      isDualMono: left + right - 2 * product <= DUAL_MONO_RATIO * (left + right + 2 * product),
    };
  }
}
