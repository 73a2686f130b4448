import { LocalTempo } from "./LocalTempo.ts";
import { frameSeconds, noveltyRate } from "./OnsetNovelty.ts";
import { vertex } from "./TempoRefinement.ts";

/** How much a beat costs that comes early or late: this times the squared logarithm of its distance over the period there. */
const TIGHTNESS = 1000;
/** The shortest and longest distance between beats, in periods. */
const SHORTEST = 0.75;
const LONGEST = 4 / 3;
/** Beats before the first, and after the last, whose novelty is at least this share of the mean are not in the music. */
const AUDIBLE = 0.25;

/**
 * The times of the beats in seconds, in order, at about a tempo in BPM: the sequence whose onsets are strongest and whose
 * distances are nearest to the tempo there, found by dynamic programming (Ellis, "Beat tracking by dynamic programming",
 * JNMR 2007). It follows a tempo that drifts, and keeps time through a passage without onsets.
 */
export const beatGrid = (novelty: Float32Array, bpm: number): Float32Array => {
  const period = 60 * noveltyRate / bpm;
  const local = new LocalTempo(novelty, bpm);
  const shortest = Math.max(1, Math.round(SHORTEST * period)), longest = Math.round(LONGEST * period);
  const logDistances = Float64Array.from(
    { length: longest - shortest + 1 },
    (_, i) => Math.log((shortest + i) / period),
  );
  const length = novelty.length;
  const scores = new Float32Array(length);
  /** Frames since the beat before; 0 at a first one. */
  const distances = new Uint16Array(length);
  for (let frame = 0; frame < length; frame++) {
    const drift = local.at(frame);
    let best = 0, distance = 0;
    for (let i = 0, before = frame - shortest; i < logDistances.length && before >= 0; i++, before--) {
      const off = logDistances[i]! + drift;
      const score = scores[before]! - TIGHTNESS * off * off;
      if (score > best) {
        best = score;
        distance = shortest + i;
      }
    }
    scores[frame] = novelty[frame]! + best;
    distances[frame] = distance;
  }
  return audible(traced(scores, distances, longest), novelty);
};

/** The frames of the best sequence, which ends within one distance of the end, in order. */
const traced = (scores: Float32Array, distances: Uint16Array, longest: number): ReadonlyArray<number> => {
  let frame = scores.length - 1;
  for (let i = Math.max(0, scores.length - longest); i < scores.length; i++) {
    if (scores[i]! > scores[frame]!) frame = i;
  }
  const frames: Array<number> = [];
  for (;;) {
    frames.push(frame);
    if (distances[frame] === 0) return frames.reverse();
    frame -= distances[frame]!;
  }
};

/** The times of those beats that are neither before the first audible one nor after the last. */
const audible = (frames: ReadonlyArray<number>, novelty: Float32Array): Float32Array => {
  const strength = (frame: number) =>
    Math.max(novelty[frame - 1] ?? 0, novelty[frame]!, novelty[frame + 1] ?? 0);
  const mean = frames.reduce((sum, frame) => sum + strength(frame), 0) / frames.length;
  const first = frames.findIndex((frame) => strength(frame) >= AUDIBLE * mean);
  const last = frames.findLastIndex((frame) => strength(frame) >= AUDIBLE * mean);
  return Float32Array.from(frames.slice(first, last + 1), (frame) => {
    const off = vertex(novelty[frame - 1] ?? 0, novelty[frame]!, novelty[frame + 1] ?? 0);
    return frameSeconds(frame + off);
  });
};
