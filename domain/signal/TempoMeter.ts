import type { Tempo } from "../analysis/Tempo.ts";
import { beatGrid } from "./BeatGrid.ts";
import { noveltyRate, OnsetNovelty } from "./OnsetNovelty.ts";
import { tempoCandidates } from "./TempoCandidates.ts";
import { refineTempo } from "./TempoRefinement.ts";
import { candidateChances, choiceConfidence, type TempoModel } from "./TempoSelector.ts";
import { tempoWeights } from "./TempoWeights.ts";

/** Less than this, in seconds, has no tempo. */
const SHORTEST_SECONDS = 3;
/** The least share of the sound that must be new in a mean frame; that of held tones is below. */
const LEAST_ACTIVITY = 0.0135;
const ANSWERED = 5;
/** Candidates that are made exact; one more than is answered, since two may turn out to be one. */
const REFINED = 6;
/** Tempi nearer to each other than this share are one. */
const SAME = 0.02;
/** How far the mean of the beats is off when the tempo drifts. */
const DRIFT = 0.01;

/** A tempo, and where its beats are. */
export interface MeasuredTempo {
  readonly tempo: Tempo;
  /** In seconds from the start, in order. */
  readonly beats: Float32Array;
}

/**
 * Streaming tempo meter of mono audio at the music rate. It keeps two numbers for each 11.6 ms: the novelty of the
 * sound, in which `finish` looks for what recurs.
 */
export class TempoMeter {
  readonly #novelty = new OnsetNovelty();
  readonly #model: TempoModel;

  /** The model is the shipped one unless the accuracy of others is measured. */
  constructor(model: TempoModel = tempoWeights) {
    this.#model = model;
  }

  /** Examines the next samples, any number of them. */
  push(mono: Float32Array): void {
    this.#novelty.push(mono);
  }

  /**
   * The tempo of everything pushed so far; `null` for less than 3 s, for silence, and where nothing recurs clearly: noise,
   * held tones, speech. Nothing may be pushed afterwards.
   */
  finish(): MeasuredTempo | null {
    const seconds = this.#novelty.frames / noveltyRate;
    if (seconds < SHORTEST_SECONDS) return null;
    const novelty = this.#novelty.finish();
    if (novelty.activity < LEAST_ACTIVITY) return null;
    const { candidates, recurrence, strength } = tempoCandidates(novelty);
    if (candidates.length === 0 || strength < leastStrength(seconds)) return null;
    const chances = candidateChances(candidates, this.#model);
    const likeliest = candidates
      .map(({ bpm }, i) => ({ bpm, strength: chances[i]! }))
      .sort((a, b) => b.strength - a.strength)
      .slice(0, REFINED)
      .map(({ bpm, strength }) => ({ bpm: refineTempo(bpm, novelty.all, recurrence), strength }));
    const [best, ...others] = merged(likeliest);
    const beats = beatGrid(novelty.all, best!.bpm);
    const bpm = overall(best!.bpm, beats);
    const confidence = choiceConfidence(best!.strength, strength, this.#model);
    return { tempo: { bpm, confidence, candidates: [{ ...best!, bpm }, ...others] }, beats };
  }
}

/** Candidates that became the same tempo by refinement are one. */
const merged = (candidates: Tempo["candidates"]): Tempo["candidates"] => {
  const distinct: Array<{ bpm: number; strength: number }> = [];
  for (const { bpm, strength } of candidates) {
    const same = distinct.find((other) => Math.abs(other.bpm / bpm - 1) < SAME);
    if (same) same.strength += strength;
    else distinct.push({ bpm, strength });
  }
  return distinct.sort((a, b) => b.strength - a.strength).slice(0, ANSWERED);
};

/** The refined tempo where it is steady; where it drifts, the mean of the beats. */
const overall = (refined: number, beats: Float32Array): number => {
  if (beats.length < 2) return refined;
  const mean = 60 * (beats.length - 1) / (beats[beats.length - 1]! - beats[0]!);
  return Math.abs(mean / refined - 1) > DRIFT ? mean : refined;
};

/**
 * What noise and speech do not reach: the less there is of them, the more of their novelty recurs by chance. Measured on noise
 * of three colours and on speech, from 3 s up.
 */
const leastStrength = (seconds: number): number =>
  Math.max(0.6 / Math.sqrt(Math.min(seconds, 36)), 1.4 / seconds);
