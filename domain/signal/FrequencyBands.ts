/**
 * Gathers the bins of a power spectrum into bands. A bin counts for each band by the share of its width that lies in it, so that
 * no power is lost or counted twice between the first edge and the last, and bands narrower than a bin are not left empty.
 */
export class FrequencyBands {
  readonly count: number;
  /** One entry for each pair of a bin and a band that overlap. */
  readonly #bins: Uint32Array;
  readonly #bands: Uint32Array;
  readonly #shares: Float64Array;

  /** Edges in Hz, rising, one more than there are bands; bins are `binWidth` Hz wide, around its multiples. */
  constructor(edges: ReadonlyArray<number>, binWidth: number, bins: number) {
    this.count = edges.length - 1;
    const overlaps: Array<readonly [bin: number, band: number, share: number]> = [];
    for (let bin = 0, band = 0; bin < bins; bin++) {
      // The first bin and the last are half as wide.
      const low = Math.max(0, bin - 0.5) * binWidth, high = Math.min(bins - 1, bin + 0.5) * binWidth;
      while (band < this.count && edges[band + 1]! <= low) band++;
      for (let at = band; at < this.count && edges[at]! < high; at++) {
        const shared = Math.min(high, edges[at + 1]!) - Math.max(low, edges[at]!);
        overlaps.push([bin, at, shared / (high - low)]);
      }
    }
    this.#bins = Uint32Array.from(overlaps, ([bin]) => bin);
    this.#bands = Uint32Array.from(overlaps, ([, band]) => band);
    this.#shares = Float64Array.from(overlaps, ([, , share]) => share);
  }

  /** Adds the power in each band to what `into` has from `offset` on. */
  add(power: Float64Array, into: Float32Array | Float64Array, offset = 0): void {
    const bins = this.#bins, bands = this.#bands, shares = this.#shares;
    for (let i = 0; i < bins.length; i++) {
      const at = offset + bands[i]!;
      into[at] = into[at]! + power[bins[i]!]! * shares[i]!;
    }
  }
}

/** Edges of bands of equal width on the mel scale (O'Shaughnessy 1987), in Hz. */
export const melEdges = (low: number, high: number, count: number): ReadonlyArray<number> => {
  const from = Math.log1p(low / 700), to = Math.log1p(high / 700);
  return Array.from({ length: count + 1 }, (_, i) => 700 * Math.expm1(from + (to - from) * i / count));
};

/** Edges of bands of equal width in octaves, in Hz. */
export const octaveEdges = (low: number, high: number, count: number): ReadonlyArray<number> =>
  Array.from({ length: count + 1 }, (_, i) => low * (high / low) ** (i / count));
