/** The level of a linear amplitude or ratio in dB (full scale is 1); null for zero, which has no level. */
export const fromAmplitude = (amplitude: number): number | null =>
  amplitude > 0 ? 20 * Math.log10(amplitude) : null;

/** The linear amplitude or ratio of a level in dB. */
export const toAmplitude = (decibels: number): number => 10 ** (decibels / 20);
