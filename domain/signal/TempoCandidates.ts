import { autocorrelation } from "./Autocorrelation.ts";
import { FourierTempogram } from "./FourierTempogram.ts";
import { type Novelty, noveltyRate } from "./OnsetNovelty.ts";

/** Tempi that are answered, in BPM. */
const SLOWEST = 48;
const FASTEST = 220;
const WINDOW_SECONDS = 12;
/** Four beats at 40 BPM. */
const MAX_LAG = Math.round(noveltyRate * 4 * 60 / 40);
const PEAKS = 8;
/** How a wrong level of the metre relates to the right one. */
const RELATIVES = [2, 1 / 2, 3 / 2, 2 / 3, 4 / 3, 3 / 4, 3, 1 / 3];
/** Peaks whose relatives are candidates too. */
const RELATED_PEAKS = 3;
/** The logarithm of a recurrence after one beat that is next to none. */
const EMPTY = -1.5;
/** Candidates nearer to each other than this are one. */
const SAME = 0.03;

/** A tempo that the music might have, and what speaks for it: one value for each of `tempoFeatureNames`. */
export interface TempoCandidate {
  readonly bpm: number;
  readonly features: ReadonlyArray<number>;
}

/** The tempi that the music might have. */
export interface TempoCandidates {
  readonly candidates: ReadonlyArray<TempoCandidate>;
  /** The autocorrelation of the novelty in windows of 12 s, by lag in frames; the low bands count extra. */
  readonly recurrence: Float64Array;
  /** How much recurs after one to four beats of the best candidate: near 0 for noise and speech, up to 1 for a click track. */
  readonly strength: number;
}

/** The names of the features, for the script that fits their weights. `A` is autocorrelation, `F` tempogram, `L` low bands. */
export const tempoFeatureNames = [
  ...["A1", "A2", "A3", "A4", "A1/2", "A1/3", "A3/2", "A4/3", "A3/4"],
  ...["F1", "F2", "F3", "F4", "F1/2", "F1/3", "F3/2", "F2/3"],
  ...["LA1", "LA2", "LA1/2", "LF1", "LF2", "LF1/2"],
  ...["octave", "octave²", "density", "density²", "A2 without A1"],
] as const;

/** Finds the candidates of a novelty curve; none where nothing recurs. */
export const tempoCandidates = (novelty: Novelty): TempoCandidates => {
  const window = Math.min(novelty.all.length, Math.round(WINDOW_SECONDS * noveltyRate));
  const all = autocorrelation(novelty.all, window, MAX_LAG),
    low = autocorrelation(novelty.low, window, MAX_LAG);
  const tempogram = new FourierTempogram(novelty.all), lowTempogram = new FourierTempogram(novelty.low);
  const peaks = peakTempi(all, low, tempogram);
  const bpms = withRelatives(peaks);
  const maximum = (values: Float64Array) =>
    peaks.reduce((max, bpm) => Math.max(max, valueNear(values, lagOf(bpm))), 1e-3);
  const maxAll = maximum(all), maxLow = maximum(low);
  const onsets = onsetsPerMinute(novelty.all);
  const candidates = bpms.map((bpm) => {
    const lag = lagOf(bpm);
    const a = (beats: number) => logarithm(valueNear(all, lag * beats) / maxAll);
    const la = (beats: number) => logarithm(valueNear(low, lag * beats) / maxLow);
    const f = (ratio: number) => logarithm(tempogram.at(bpm * ratio) / tempogram.max);
    const lf = (ratio: number) => logarithm(lowTempogram.at(bpm * ratio) / lowTempogram.max);
    const octave = Math.log2(bpm / 120), density = Math.log2(Math.max(20, onsets) / bpm);
    const features = [
      ...[1, 2, 3, 4, 1 / 2, 1 / 3, 3 / 2, 4 / 3, 3 / 4].map(a),
      ...[1, 2, 3, 4, 1 / 2, 1 / 3, 3 / 2, 2 / 3].map(f),
      ...[1, 2, 1 / 2].map(la),
      ...[1, 2, 1 / 2].map(lf),
      ...[octave, octave * octave, density, density * density],
      // Plain clicks at half the tempo: every second beat recurs exactly, and nothing is heard between.
      Math.max(0, EMPTY - a(1)) * valueNear(all, 2 * lag) ** 4,
    ];
    return { bpm, features };
  });
  const recurrence = all.map((value, lag) => 0.7 * value + 0.3 * low[lag]!);
  const strength = bpms.reduce((max, bpm) => Math.max(max, strengthOf(bpm, recurrence, window)), 0);
  return { candidates, recurrence, strength };
};

/** The tempi, and those that one would mistake the best of them for. */
const withRelatives = (peaks: ReadonlyArray<number>): ReadonlyArray<number> => {
  const bpms: Array<number> = [];
  const add = (bpm: number) => {
    if (bpm < SLOWEST || bpm > FASTEST || bpms.some((other) => Math.abs(other / bpm - 1) < SAME)) return;
    bpms.push(bpm);
  };
  peaks.forEach(add);
  for (const peak of peaks.slice(0, RELATED_PEAKS)) RELATIVES.forEach((ratio) => add(peak * ratio));
  return bpms;
};

/** The mean recurrence after one to four beats, each counted by how much of the window speaks of it. */
const strengthOf = (bpm: number, recurrence: Float64Array, window: number): number => {
  let sum = 0, total = 0;
  for (let beats = 1; beats <= 4; beats++) {
    const weight = Math.max(0, 1 - beats * lagOf(bpm) / window);
    sum += weight * valueNear(recurrence, beats * lagOf(bpm));
    total += weight;
  }
  return total > 0 ? sum / total : 0;
};

/** The lag in frames of one beat. */
export const lagOf = (bpm: number): number => 60 * noveltyRate / bpm;

/** The best tempi, best first: whose first four multiples recur in both curves, and that have energy in the tempogram. */
const peakTempi = (
  all: Float64Array,
  low: Float64Array,
  tempogram: FourierTempogram,
): ReadonlyArray<number> => {
  const grid: Array<{ readonly bpm: number; readonly score: number }> = [];
  for (let bpm = 44; bpm <= 230; bpm *= 1.005) {
    const lag = lagOf(bpm);
    let recurrence = 0;
    for (let beats = 1; beats <= 4; beats++) {
      recurrence += valueNear(all, lag * beats) + 0.6 * valueNear(low, lag * beats);
    }
    grid.push({ bpm, score: recurrence * (0.35 + tempogram.at(bpm) / 0.3) });
  }
  return grid
    .filter(({ score }, i) =>
      score > 0 && score >= (grid[i - 1]?.score ?? Infinity) && score > (grid[i + 1]?.score ?? Infinity)
    )
    .sort((a, b) => b.score - a.score)
    .slice(0, PEAKS)
    .map(({ bpm }) => bpm);
};

/** The greatest value within 1.5 % of a lag in frames, at least 0; 0 beyond the longest. */
const valueNear = (values: Float64Array, lag: number): number => {
  const last = values.length - 1;
  if (lag >= last) return 0;
  const whole = Math.floor(lag), part = lag - whole;
  let max = values[whole]! * (1 - part) + values[whole + 1]! * part;
  const radius = Math.max(1, 0.015 * lag);
  for (let i = Math.max(1, Math.ceil(lag - radius)); i <= Math.min(last, lag + radius); i++) {
    if (values[i]! > max) max = values[i]!;
  }
  return Math.max(0, max);
};

/** Compressed, and bounded where nothing is. */
const logarithm = (value: number): number => Math.log(value + 0.03);

/** Clear local maxima of the novelty. */
const onsetsPerMinute = (all: Float32Array): number => {
  let onsets = 0;
  for (let i = 2; i < all.length - 2; i++) {
    const value = all[i]!;
    if (
      value > 0.8 && value >= all[i - 1]! && value > all[i + 1]! && value >= all[i - 2]! &&
      value > all[i + 2]!
    ) onsets++;
  }
  return onsets / all.length * noveltyRate * 60;
};
