import { RealFft } from "./RealFft.ts";

/**
 * The unbiased autocorrelation of a novelty curve at lags from 0 to `maxLag` frames, 1 at lag 0 and near 0 where nothing
 * repeats: the mean over windows of `window` frames that overlap by half, each with its mean removed and its energy
 * made 1, so that a loud passage counts no more than a soft one. By the Wiener–Khinchin theorem. All zeros when
 * nothing varies.
 */
export const autocorrelation = (novelty: Float32Array, window: number, maxLag: number): Float64Array => {
  const length = Math.min(novelty.length, window);
  const lags = Math.min(maxLag, length - 1);
  const fft = new RealFft(Math.max(16, 2 ** Math.ceil(Math.log2(length + lags + 1))));
  const { size, re, im } = fft;
  const flat = new Float64Array(size).fill(1);
  const buffer = new Float64Array(size);
  const result = new Float64Array(maxLag + 1);
  let windows = 0;
  for (let from = 0; from + length <= novelty.length; from += Math.max(1, length >> 1)) {
    const energy = centre(novelty, from, length, buffer);
    if (energy <= SILENT) continue;
    fft.forward(buffer, 0, flat);
    for (let k = 0; k <= size / 2; k++) {
      buffer[k] = re[k]! * re[k]! + im[k]! * im[k]!;
      if (k > 0) buffer[size - k] = buffer[k]!;
    }
    fft.forward(buffer, 0, flat);
    for (let lag = 0; lag <= lags; lag++) {
      result[lag]! += re[lag]! / size / energy * length / (length - lag);
    }
    windows++;
  }
  if (windows > 0) { for (let lag = 0; lag <= lags; lag++) result[lag]! /= windows; }
  return result;
};

const SILENT = 1e-9;

/** Writes a stretch of the novelty without its mean, then zeros; answers its energy. */
const centre = (novelty: Float32Array, from: number, length: number, into: Float64Array): number => {
  let mean = 0, energy = 0;
  for (let i = 0; i < length; i++) mean += novelty[from + i]! / length;
  for (let i = 0; i < length; i++) {
    const value = novelty[from + i]! - mean;
    into[i] = value;
    energy += value * value;
  }
  into.fill(0, length);
  return energy;
};
