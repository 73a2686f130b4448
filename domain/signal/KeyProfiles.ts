import { pitchClasses } from "./PitchHistogram.ts";

/** How much of a piece in a major and in a minor key each pitch class typically has, from the tonic upwards. */
interface Profile {
  readonly major: ReadonlyArray<number>;
  readonly minor: ReadonlyArray<number>;
}

/** Sha'ath, Estimation of Key in Digital Music Recordings (2011): Krumhansl's ratings, altered for popular music. */
export const shaath: Profile = {
  major: [6.6, 2, 3.5, 2.3, 4.6, 4, 2.5, 5.2, 2.4, 3.7, 2.3, 3.4],
  minor: [6.5, 2.7, 3.5, 5.4, 2.6, 3.5, 2.5, 5.2, 4, 2.7, 4.3, 3.2],
};

/** Faraldo et al., A Multi-Profile Method for Key Estimation in EDM (2017), "bgate": medians of a corpus, small ones cut. */
export const faraldo: Profile = {
  major: [1, 0, 0.42, 0, 0.53, 0.37, 0, 0.77, 0, 0.38, 0.21, 0.3],
  minor: [1, 0, 0.36, 0.39, 0, 0.38, 0, 0.74, 0.27, 0, 0.42, 0.23],
};

/** Albrecht & Shanahan, The Use of Large Corpora to Train a New Type of Key-Finding Algorithm (2013): counts of scores. */
export const albrechtShanahan: Profile = {
  major: [0.238, 0.006, 0.111, 0.006, 0.137, 0.094, 0.016, 0.214, 0.009, 0.08, 0.008, 0.081],
  minor: [0.22, 0.006, 0.104, 0.123, 0.019, 0.103, 0.012, 0.214, 0.062, 0.022, 0.061, 0.052],
};

/**
 * The correlation of a chroma with a profile in each key (Krumhansl, Cognitive Foundations of Musical Pitch, 1990): twelve
 * major keys from C up, then twelve minor. 0 for a chroma that is the same throughout.
 */
export const correlations = (chroma: Float64Array, profile: Profile): Float64Array => {
  const result = new Float64Array(2 * pitchClasses);
  const pitches = centred(chroma);
  [profile.major, profile.minor].forEach((typical, mode) => {
    const degrees = centred(typical);
    for (let tonic = 0; tonic < pitchClasses; tonic++) {
      let sum = 0;
      for (let degree = 0; degree < pitchClasses; degree++) {
        sum += pitches[(tonic + degree) % pitchClasses]! * degrees[degree]!;
      }
      result[mode * pitchClasses + tonic] = sum;
    }
  });
  return result;
};

/** The values less their mean, scaled to a norm of 1 unless all are equal. */
const centred = (values: ArrayLike<number>): Float64Array => {
  const centred = Float64Array.from(values);
  const mean = centred.reduce((sum, value) => sum + value, 0) / centred.length;
  const norm = Math.sqrt(centred.reduce((sum, value) => sum + (value - mean) ** 2, 0));
  return centred.map((value) => norm > 0 ? (value - mean) / norm : 0);
};
