/**
 * What samples were before they were numbers with a full scale of ±1: integers, floating-point numbers, or what a codec such as Vorbis or
 * AAC decodes to.
 */
export type SampleKind = "integer" | "float" | "decoded";

/** How samples become integers of 16 bits. Those that are not clamped stay in order, and move by less than one from `scale` times them. */
export interface Int16Conversion {
  readonly scale: number;
  readonly toInt16: (sample: number) => number;
}

/** The largest sample of an integer that is not clamped. */
const HIGHEST = 32767 / 32768;

/** Finer samples lose their lower bits. */
const cut = (sample: number): number => {
  if (sample >= HIGHEST) return 32767;
  if (sample <= -1) return -32768;
  // Conversion to int truncates: the offset makes that a rounding down.
  return (sample * 32768 + 32768 | 0) - 32768;
};

const clamp = (value: number): number => value > 32767 ? 32767 : value < -32768 ? -32768 : value;

const truncated = (sample: number): number => clamp(Math.trunc(Math.fround(sample * 32767)));

/** Doubles from here on have no bits for fractions: adding it rounds to the nearest integer, to the even one of two. */
const NO_FRACTIONS = 2 ** 52 + 2 ** 51;

const rounded = (sample: number): number => clamp(Math.fround(sample * 32767) + NO_FRACTIONS - NO_FRACTIONS);

/**
 * The conversion of each kind as audiowaveform 1.10 and libsndfile, which it reads by, have it: products in single precision, truncated or
 * rounded. But samples beyond full scale are clamped, where these wrap them around.
 */
export const int16Conversions: Readonly<Record<SampleKind, Int16Conversion>> = {
  integer: { scale: 32768, toInt16: cut },
  float: { scale: 32767, toInt16: truncated },
  decoded: { scale: 32767, toInt16: rounded },
};
