/**
 * The discrete Fourier transform of a fixed number of real samples: even and odd samples are transformed as the real and
 * imaginary parts of half as many complex ones, then separated (Cooley & Tukey 1965; Press et al., Numerical Recipes,
 * 12.3). Radix 4, in place, with no allocation after construction.
 */
export class RealFft {
  /** Samples of a transform. */
  readonly size: number;
  /** The spectrum, real and imaginary: bins 0 to size/2, not scaled, overwritten by each transform. */
  readonly re: Float64Array;
  readonly im: Float64Array;
  readonly #half: number;
  /** e^(−2πi·k/size) for k below 3/4 of `size`: the steps of every pass are multiples of it. */
  readonly #cos: Float64Array;
  readonly #sin: Float64Array;
  /** The position of each complex input whose digits are read backwards. */
  readonly #reversed: Uint32Array;

  /** Throws a `RangeError` unless `size` is a power of two of at least 16. */
  constructor(size: number) {
    if (!Number.isInteger(Math.log2(size)) || size < 16) {
      throw new RangeError(`A transform of ${size} samples is not of a power of two of at least 16`);
    }
    this.size = size;
    this.#half = size / 2;
    this.re = new Float64Array(this.#half + 1);
    this.im = new Float64Array(this.#half + 1);
    const angle = (k: number) => -2 * Math.PI * k / size;
    this.#cos = Float64Array.from({ length: 3 * size / 4 }, (_, k) => Math.cos(angle(k)));
    this.#sin = Float64Array.from({ length: 3 * size / 4 }, (_, k) => Math.sin(angle(k)));
    this.#reversed = reversedBits(this.#half);
  }

  /** Transforms `size` samples from `offset` on, each multiplied by the window's: the result is in `re` and `im`. */
  forward(samples: ArrayLike<number>, offset: number, window: Float64Array): void {
    const re = this.re, im = this.im, reversed = this.#reversed, half = this.#half;
    for (let i = 0; i < half; i++) {
      const at = 2 * reversed[i]!;
      re[i] = samples[offset + at]! * window[at]!;
      im[i] = samples[offset + at + 1]! * window[at + 1]!;
    }
    this.#foursOfOne();
    let length = 4;
    for (; 4 * length <= half; length *= 4) this.#combineFour(length);
    if (length < half) this.#combineTwo();
    this.#separate();
  }

  /** Transforms of four from single values: all factors are ±1 and ±i. */
  #foursOfOne(): void {
    const re = this.re, im = this.im, half = this.#half;
    for (let i = 0; i < half; i += 4) {
      const evenRe = re[i]! + re[i + 1]!, evenIm = im[i]! + im[i + 1]!;
      const evenDiffRe = re[i]! - re[i + 1]!, evenDiffIm = im[i]! - im[i + 1]!;
      const oddRe = re[i + 2]! + re[i + 3]!, oddIm = im[i + 2]! + im[i + 3]!;
      const oddDiffRe = re[i + 2]! - re[i + 3]!, oddDiffIm = im[i + 2]! - im[i + 3]!;
      re[i] = evenRe + oddRe;
      im[i] = evenIm + oddIm;
      re[i + 1] = evenDiffRe + oddDiffIm;
      im[i + 1] = evenDiffIm - oddDiffRe;
      re[i + 2] = evenRe - oddRe;
      im[i + 2] = evenIm - oddIm;
      re[i + 3] = evenDiffRe - oddDiffIm;
      im[i + 3] = evenDiffIm + oddDiffRe;
    }
  }

  /** Each four neighbouring transforms of `length` become one; bits being reversed, the second and third are swapped. */
  #combineFour(length: number): void {
    const re = this.re, im = this.im, cos = this.#cos, sin = this.#sin, half = this.#half;
    const step = this.size / (4 * length);
    for (let block = 0; block < half; block += 4 * length) {
      for (let k = 0, turn = 0; k < length; k++, turn += step) {
        const a = block + k, c = a + length, b = c + length, d = b + length;
        const cos1 = cos[turn]!, sin1 = sin[turn]!;
        const cos2 = cos[2 * turn]!, sin2 = sin[2 * turn]!;
        const cos3 = cos[3 * turn]!, sin3 = sin[3 * turn]!;
        const bRe = re[b]! * cos1 - im[b]! * sin1, bIm = re[b]! * sin1 + im[b]! * cos1;
        const cRe = re[c]! * cos2 - im[c]! * sin2, cIm = re[c]! * sin2 + im[c]! * cos2;
        const dRe = re[d]! * cos3 - im[d]! * sin3, dIm = re[d]! * sin3 + im[d]! * cos3;
        const evenRe = re[a]! + cRe, evenIm = im[a]! + cIm;
        const evenDiffRe = re[a]! - cRe, evenDiffIm = im[a]! - cIm;
        const oddRe = bRe + dRe, oddIm = bIm + dIm;
        const oddDiffRe = bRe - dRe, oddDiffIm = bIm - dIm;
        re[a] = evenRe + oddRe;
        im[a] = evenIm + oddIm;
        re[c] = evenDiffRe + oddDiffIm;
        im[c] = evenDiffIm - oddDiffRe;
        re[b] = evenRe - oddRe;
        im[b] = evenIm - oddIm;
        re[d] = evenDiffRe - oddDiffIm;
        im[d] = evenDiffIm + oddDiffRe;
      }
    }
  }

  /** The last step when the number of complex values is not a power of four. */
  #combineTwo(): void {
    const re = this.re, im = this.im, cos = this.#cos, sin = this.#sin;
    const length = this.#half / 2;
    for (let a = 0, b = length; a < length; a++, b++) {
      const bRe = re[b]! * cos[2 * a]! - im[b]! * sin[2 * a]!;
      const bIm = re[b]! * sin[2 * a]! + im[b]! * cos[2 * a]!;
      re[b] = re[a]! - bRe;
      im[b] = im[a]! - bIm;
      re[a] = re[a]! + bRe;
      im[a] = im[a]! + bIm;
    }
  }

  /** From the transform of even + i·odd samples to that of all: conjugate symmetry tells the two apart. */
  #separate(): void {
    const re = this.re, im = this.im, cos = this.#cos, sin = this.#sin, half = this.#half;
    const dcEven = re[0]!, dcOdd = im[0]!;
    re[0] = dcEven + dcOdd;
    re[half] = dcEven - dcOdd;
    im[0] = im[half] = 0;
    for (let k = 1, mirror = half - 1; k <= mirror; k++, mirror--) {
      const evenRe = (re[k]! + re[mirror]!) / 2, evenIm = (im[k]! - im[mirror]!) / 2;
      const oddRe = (im[k]! + im[mirror]!) / 2, oddIm = (re[mirror]! - re[k]!) / 2;
      const turnedRe = oddRe * cos[k]! - oddIm * sin[k]!, turnedIm = oddRe * sin[k]! + oddIm * cos[k]!;
      re[k] = evenRe + turnedRe;
      im[k] = evenIm + turnedIm;
      re[mirror] = evenRe - turnedRe;
      im[mirror] = turnedIm - evenIm;
    }
  }
}

/** For each number below `count`, a power of two, the number with its bits in reverse order. */
const reversedBits = (count: number): Uint32Array => {
  const reversed = new Uint32Array(count);
  for (let length = 1; length < count; length *= 2) {
    for (let i = 0; i < length; i++) reversed[length + i] = reversed[i]! + count / (2 * length);
  }
  return reversed;
};
