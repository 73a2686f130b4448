import { albrechtShanahan, correlations, faraldo, shaath } from "./KeyProfiles.ts";
import type { PitchHistogram } from "./PitchHistogram.ts";

/** What speaks for each key, and for there being one. */
export interface KeyEvidence {
  /** For each key, majors from C up and then minors, the mean correlation with its profiles, −1 to 1. */
  readonly strengths: Float64Array;
  /** How well the pitches keep to a tempered scale, 0 to 1 (see `PitchHistogram.focus`). */
  readonly focus: number;
  /** How many pitch classes there are, less frequent ones counting in part: the perplexity of the chroma, 1 to 12. */
  readonly variety: number;
  readonly tuningCents: number;
  /** How long was listened. */
  readonly seconds: number;
}

/** Partials are counted at their first four sub-harmonics, each with 0.6 of the weight before (Gómez 2006). */
const HARMONICS = [1, 0.6, 0.36, 0.216];
const FUNDAMENTALS = [1];

/** The bass tells tonics from fifths and relatives: its chroma is added once more. */
const BASS_WEIGHT = 0.35;

/**
 * Weighs what was heard, in all and in the bass. Sha'ath's and Faraldo's profiles come from sound and are compared with a
 * chroma that takes harmonics together, Albrecht and Shanahan's counts of notes with a plain one; three kinds of
 * profile err less often together than the best alone.
 */
export const keyEvidence = (all: PitchHistogram, bass: PitchHistogram, seconds: number): KeyEvidence => {
  const tuningCents = all.tuningCents();
  const bassChroma = bass.chroma(tuningCents, FUNDAMENTALS);
  const withBass = (chroma: Float64Array) => chroma.map((value, i) => value + BASS_WEIGHT * bassChroma[i]!);
  const plainChroma = all.chroma(tuningCents, FUNDAMENTALS);
  const plain = withBass(plainChroma), harmonic = withBass(all.chroma(tuningCents, HARMONICS));
  const [first, second, third] = [
    correlations(harmonic, shaath),
    correlations(harmonic, faraldo),
    correlations(plain, albrechtShanahan),
  ];
  return {
    strengths: first.map((value, key) => (value + second[key]! + third[key]!) / 3),
    focus: all.focus(),
    variety: perplexity(plainChroma),
    tuningCents,
    seconds,
  };
};

const perplexity = (shares: Float64Array): number =>
  Math.exp(-shares.reduce((sum, share) => share > 0 ? sum + share * Math.log(share) : sum, 0));
