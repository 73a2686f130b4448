import type { KeyEvidence } from "./KeyEvidence.ts";

/**
 * What the confidence in a key is told from: 1 (for the bias), by how much the best key's strength exceeds the second's, and
 * the logarithm of the length, which is as good as any above a minute.
 */
export const confidenceFeatures = ({ strengths, seconds }: KeyEvidence): ReadonlyArray<number> => {
  const ascending = strengths.toSorted();
  return [1, ascending.at(-1)! - ascending.at(-2)!, Math.log(Math.min(seconds, 60))];
};

/** Logistic regression over clips of known key and their beginnings; fitted by `bench/accuracy/keyConfidence.ts`. */
const WEIGHTS = [-1.46, 12.47, 0.56];

/** The probability, 0 to 1, that the strongest key is the right one. */
export const keyConfidence = (evidence: KeyEvidence): number =>
  logistic(confidenceFeatures(evidence), WEIGHTS);

/** The probability that a logistic regression with these weights gives to something with these features. */
export const logistic = (features: ReadonlyArray<number>, weights: ReadonlyArray<number>): number =>
  1 / (1 + Math.exp(-features.reduce((sum, feature, i) => sum + feature * weights[i]!, 0)));
