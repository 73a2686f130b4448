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
const LEAST_ACTIVITY = 0.012;
/** The least strength of recurrence for a minute: see `leastStrength`. */
const STRENGTH_OF_A_SECOND = 0.6;
const MOST_SECONDS = 36;
const ANSWERED = 5;

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
    const ranked = candidates
      .map(({ bpm }, i) => ({ bpm, strength: chances[i]! }))
      .sort((a, b) => b.strength - a.strength)
      .slice(0, ANSWERED)
      .map(({ bpm, strength }) => ({ bpm: refineTempo(bpm, novelty.all, recurrence), strength }));
    const { bpm, strength: chance } = ranked[0]!;
    const tempo = { bpm, confidence: choiceConfidence(chance, strength, this.#model), candidates: ranked };
    return { tempo, beats: beatGrid(novelty.all, bpm) };
  }
}

/**
 * What noise and speech do not reach: by chance, the novelty of few seconds recurs more. Over excerpts of 3 to 25 s, white and
 * brown noise had at most 0.7 of it, and of speech one excerpt in a hundred more.
 */
const leastStrength = (seconds: number): number =>
  STRENGTH_OF_A_SECOND / Math.sqrt(Math.min(seconds, MOST_SECONDS));
