/**
 * The K-weighting of ITU-R BS.1770-4, Annex 1: a high shelf (the head) followed by a high-pass. The recommendation prints
 * the coefficients for 48 kHz and asks that other rates have the same frequency response. The bilinear re-derivation
 * that most meters use warps it (by 0.08 dB at 22.05 kHz, 0.5 dB at 8 kHz; unstable below 3.4 kHz), so the printed filter's
 * own poles and zeros are moved to the new rate instead (matched z-transform, z → z^(48000 / rate)): within 0.001 dB
 * from 22.05 kHz up, 0.06 dB at 8 kHz, and stable at every rate.
 */
export interface KWeighting {
  readonly shelf: { readonly b0: number; readonly b1: number; readonly b2: number } & Poles;
  /** The numerator is 1, −2, 1; its gain is in the shelf's. */
  readonly highPass: Poles;
}

interface Poles {
  readonly a1: number;
  readonly a2: number;
}

const REFERENCE_RATE = 48_000;

/** BS.1770-4, tables 1 and 2. */
const REFERENCE: KWeighting = {
  shelf: {
    b0: 1.53512485958697,
    b1: -2.69169618940638,
    b2: 1.19839281085285,
    a1: -1.69065929318241,
    a2: 0.73248077421585,
  },
  highPass: { a1: -1.99004745483398, a2: 0.99007225036621 },
};

/** The coefficients at a sample rate in Hz (2,000 and more), scaled to the reference's gain at 997 Hz. */
export const kWeighting = (sampleRate: number): KWeighting => {
  if (sampleRate === REFERENCE_RATE) return REFERENCE;
  const { shelf, highPass } = REFERENCE;
  const exponent = REFERENCE_RATE / sampleRate;
  const [b1, b2] = raiseRoots(shelf.b1 / shelf.b0, shelf.b2 / shelf.b0, exponent);
  const [a1, a2] = raiseRoots(shelf.a1, shelf.a2, exponent);
  const [c1, c2] = raiseRoots(highPass.a1, highPass.a2, exponent);
  const shape: KWeighting = { shelf: { b0: 1, b1, b2, a1, a2 }, highPass: { a1: c1, a2: c2 } };
  // Close to the Nyquist frequency the shape is least exact: do not calibrate there.
  const calibration = Math.min(997, sampleRate / 8);
  const gain = kWeightingGain(REFERENCE, REFERENCE_RATE, calibration) /
    kWeightingGain(shape, sampleRate, calibration);
  return { ...shape, shelf: { b0: gain, b1: gain * b1, b2: gain * b2, a1, a2 } };
};

/** The linear gain of the filter at a frequency, both rates in Hz. */
export const kWeightingGain = (filter: KWeighting, sampleRate: number, frequency: number): number => {
  const angle = 2 * Math.PI * frequency / sampleRate;
  const { b0, b1, b2, a1, a2 } = filter.shelf;
  return magnitude(b0, b1, b2, angle) / magnitude(1, a1, a2, angle) *
    magnitude(1, -2, 1, angle) / magnitude(1, filter.highPass.a1, filter.highPass.a2, angle);
};

/** The coefficients of z² + c1·z + c2 when its roots, a complex pair in every table, are raised to a power. */
const raiseRoots = (c1: number, c2: number, exponent: number): readonly [number, number] => {
  const radius = Math.sqrt(c2) ** exponent;
  const angle = Math.atan2(Math.sqrt(c2 - c1 * c1 / 4), -c1 / 2) * exponent;
  return [-2 * radius * Math.cos(angle), radius * radius];
};

const magnitude = (c0: number, c1: number, c2: number, angle: number): number =>
  Math.hypot(
    c0 + c1 * Math.cos(angle) + c2 * Math.cos(2 * angle),
    c1 * Math.sin(angle) + c2 * Math.sin(2 * angle),
  );
