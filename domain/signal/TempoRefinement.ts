import { noveltyRate } from "./OnsetNovelty.ts";
import { lagOf } from "./TempoCandidates.ts";

/** The longest stretch in seconds through which a tempo is taken to be exactly steady. */
const STEADY_SECONDS = 60;
/** The beat, and two divisions that sharpen the maximum. */
const HARMONICS = [1, 2, 4];
const STEPS = 20;

/**
 * A tempo of about 1 % precision made exact, in BPM: the peak of the autocorrelation is followed to longer and longer
 * lags, doubling the beats and so halving the error, then the magnitude of the novelty's Fourier transform over whole
 * minutes is maximised near there.
 */
export const refineTempo = (bpm: number, novelty: Float32Array, autocorrelation: Float64Array): number => {
  const frequency = 1 / followedLag(lagOf(bpm), autocorrelation);
  const length = Math.min(novelty.length, Math.round(STEADY_SECONDS * noveltyRate));
  // A main lobe's half width, and no more than what the lags leave in doubt.
  const span = Math.min(0.012, 1.5 / (frequency * length));
  let best = 0, greatest = -1;
  const strengths: Array<number> = [];
  for (let step = -STEPS; step <= STEPS; step++) {
    const tried = frequency * (1 + span * step / STEPS);
    let strength = 0;
    for (let from = 0; from + length <= novelty.length; from += length) {
      strength += pulseStrength(novelty, from, from + length, tried);
    }
    strengths.push(strength);
    if (strength > greatest) {
      greatest = strength;
      best = step;
    }
  }
  const at = best + STEPS;
  const off = best === -STEPS || best === STEPS
    ? 0
    : vertex(strengths[at - 1]!, strengths[at]!, strengths[at + 1]!);
  return 60 * noveltyRate * frequency * (1 + span * (best + off) / STEPS);
};

/** The lag of one beat in frames, from the peaks at 1, 2, 4, 8 … beats as far as there are such. */
const followedLag = (start: number, autocorrelation: Float64Array): number => {
  let lag = start;
  for (let beats = 1; beats * lag < autocorrelation.length - 2; beats *= 2) {
    const radius = Math.max(1.5, Math.min(0.02 * beats * lag, 4));
    const from = Math.max(1, Math.round(beats * lag - radius));
    const to = Math.min(autocorrelation.length - 2, Math.round(beats * lag + radius));
    let peak = from;
    for (let i = from; i <= to; i++) if (autocorrelation[i]! > autocorrelation[peak]!) peak = i;
    if (autocorrelation[peak]! <= 0) break;
    const [before, here, after] = [
      autocorrelation[peak - 1]!,
      autocorrelation[peak]!,
      autocorrelation[peak + 1]!,
    ];
    lag = (peak + vertex(before, here, after)) / beats;
  }
  return lag;
};

/** Where the parabola through three values has its maximum, from the middle one: −½ to ½. */
export const vertex = (before: number, here: number, after: number): number => {
  const bend = before - 2 * here + after;
  return bend < 0 ? Math.max(-0.5, Math.min(0.5, 0.5 * (before - after) / bend)) : 0;
};

/**
 * How strong a pulse of a frequency, in cycles a frame, is in a stretch of the novelty: the magnitude of the Fourier
 * transform there, at its double and at its fourfold, summed.
 */
export const pulseStrength = (novelty: Float32Array, from: number, to: number, frequency: number): number => {
  let total = 0;
  for (const harmonic of HARMONICS) {
    const angle = 2 * Math.PI * frequency * harmonic;
    const turnRe = Math.cos(angle), turnIm = Math.sin(angle);
    let phaseRe = 1, phaseIm = 0, re = 0, im = 0;
    for (let i = from; i < to; i++) {
      const value = novelty[i]!;
      re += value * phaseRe;
      im += value * phaseIm;
      const next = phaseRe * turnRe - phaseIm * turnIm;
      phaseIm = phaseIm * turnRe + phaseRe * turnIm;
      phaseRe = next;
    }
    total += Math.hypot(re, im);
  }
  return total;
};
