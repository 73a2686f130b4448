/** What decides among the candidates; fitted to labelled music. */
export interface TempoModel {
  /** Of each feature over all candidates. */
  readonly mean: ReadonlyArray<number>;
  readonly deviation: ReadonlyArray<number>;
  /** The worth of each feature, in deviations from its mean. */
  readonly weights: ReadonlyArray<number>;
  /** The logistic regression of being right on the log odds of the likeliest and the logarithm of the strength. */
  readonly confidence: { readonly offset: number; readonly odds: number; readonly strength: number };
}

/**
 * The chance of each candidate to be the tempo, their sum being 1: a conditional logit (McFadden, "Conditional logit
 * analysis of qualitative choice behavior", 1974), which compares the candidates of one piece of music with each
 * other only.
 */
export const candidateChances = (
  candidates: ReadonlyArray<{ readonly features: ReadonlyArray<number> }>,
  model: Pick<TempoModel, "mean" | "deviation" | "weights">,
): ReadonlyArray<number> =>
  softmax(
    candidates.map(({ features }) =>
      features.reduce(
        (sum, value, i) => sum + model.weights[i]! * (value - model.mean[i]!) / model.deviation[i]!,
        0,
      )
    ),
  );

/** How often a choice like this one is right, from 0 to 1. */
export const choiceConfidence = (
  chance: number,
  strength: number,
  model: Pick<TempoModel, "confidence">,
): number => {
  const { odds, strength: logStrength } = confidenceTerms(chance, strength);
  const { confidence } = model;
  return 1 / (1 + Math.exp(-confidence.offset - confidence.odds * odds - confidence.strength * logStrength));
};

/** What the confidence is regressed on. */
export const confidenceTerms = (
  chance: number,
  strength: number,
): { readonly odds: number; readonly strength: number } => ({
  odds: Math.log(Math.max(1e-3, chance) / Math.max(1e-3, 1 - chance)),
  strength: Math.log(Math.max(1e-2, strength)),
});

/** Exponentials of the scores, scaled to the sum 1. */
export const softmax = (scores: ReadonlyArray<number>): ReadonlyArray<number> => {
  const max = Math.max(...scores);
  const powers = scores.map((score) => Math.exp(score - max));
  const total = powers.reduce((sum, power) => sum + power, 0);
  return powers.map((power) => power / total);
};
