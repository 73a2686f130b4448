/** Triangular filters over the bins of a spectrum. */
export interface MelBands {
  /** Of each band, the first bin that it weighs. */
  readonly firstBins: Uint16Array;
  /** Of each band, where its weights begin in `weights`; then the end of the last. */
  readonly offsets: Uint16Array;
  /** Of all bands, one after another; those of one band have the sum 1. */
  readonly weights: Float64Array;
  /** Bins from 0 on that the bands need. */
  readonly bins: number;
}

/**
 * Overlapping bands that are equally wide on the mel scale (Slaney's Auditory Toolbox, 1998: linear up to 1 kHz,
 * logarithmic above) between two frequencies in Hz, for the transform of `size` samples. A band too narrow to hold a bin
 * takes the one nearest to its centre.
 */
export const melBands = (
  sampleRate: number,
  size: number,
  count: number,
  lowest: number,
  highest: number,
): MelBands => {
  const from = toMel(lowest), step = (toMel(highest) - from) / (count + 1);
  const binAt = (edge: number) => toHz(from + step * edge) * size / sampleRate;
  const firstBins = new Uint16Array(count), offsets = new Uint16Array(count + 1);
  const weights: Array<number> = [];
  for (let band = 0; band < count; band++) {
    const left = binAt(band), centre = binAt(band + 1), right = binAt(band + 2);
    const triangle: Array<number> = [];
    for (let bin = Math.floor(left) + 1; bin < right; bin++) {
      triangle.push(bin <= centre ? (bin - left) / (centre - left) : (right - bin) / (right - centre));
    }
    const sum = triangle.reduce((total, weight) => total + weight, 0);
    firstBins[band] = sum > 0 ? Math.floor(left) + 1 : Math.round(centre);
    weights.push(...(sum > 0 ? triangle.map((weight) => weight / sum) : [1]));
    offsets[band + 1] = weights.length;
  }
  const bins = firstBins[count - 1]! + offsets[count]! - offsets[count - 1]!;
  return { firstBins, offsets, weights: Float64Array.from(weights), bins };
};

const LOG_STEP = Math.log(6.4) / 27;

const toMel = (hz: number): number => hz < 1000 ? hz * 3 / 200 : 15 + Math.log(hz / 1000) / LOG_STEP;

const toHz = (mel: number): number => mel < 15 ? mel * 200 / 3 : 1000 * Math.exp((mel - 15) * LOG_STEP);
