import { softmax } from "../../domain/signal/TempoSelector.ts";

/** One choice that is known: the features of each alternative, which of them is right, and how much it counts. */
export interface KnownChoice {
  readonly alternatives: ReadonlyArray<ReadonlyArray<number>>;
  readonly right: number;
  readonly weight: number;
}

/** Features are standardised, then weighed: the score of an alternative is Σ weight · (feature − mean) / deviation. */
export interface Logit {
  readonly mean: ReadonlyArray<number>;
  readonly deviation: ReadonlyArray<number>;
  readonly weights: ReadonlyArray<number>;
}

/**
 * The conditional logit (McFadden 1974) under which the known choices are most likely, less `l2` / 2 times the squared
 * weights, by Newton's method: the function is concave.
 */
export const fitConditionalLogit = (choices: ReadonlyArray<KnownChoice>, l2: number): Logit => {
  const rows = choices.flatMap(({ alternatives }) => alternatives);
  const features = rows[0]!.map((_, i) => i);
  const mean = features.map((i) => rows.reduce((sum, row) => sum + row[i]!, 0) / rows.length);
  const deviation = features.map((i) =>
    Math.max(1e-9, Math.sqrt(rows.reduce((sum, row) => sum + (row[i]! - mean[i]!) ** 2, 0) / rows.length))
  );
  const standardised = choices.map(({ alternatives, right, weight }) => ({
    alternatives: alternatives.map((row) => features.map((i) => (row[i]! - mean[i]!) / deviation[i]!)),
    right,
    weight,
  }));
  let weights = features.map(() => 0);
  for (let step = 0; step < 30; step++) {
    const gradient = weights.map((value) => -l2 * value);
    const curvature = features.map((i) => features.map((j) => (i === j ? l2 : 0)));
    for (const { alternatives, right, weight } of standardised) {
      const chances = softmax(alternatives.map((row) => dot(weights, row)));
      const expected = features.map((i) =>
        alternatives.reduce((sum, row, a) => sum + chances[a]! * row[i]!, 0)
      );
      for (const i of features) gradient[i]! += weight * (alternatives[right]![i]! - expected[i]!);
      alternatives.forEach((row, a) => {
        for (const i of features) {
          const scaled = weight * chances[a]! * (row[i]! - expected[i]!);
          for (const j of features) curvature[i]![j]! += scaled * (row[j]! - expected[j]!);
        }
      });
    }
    const move = solve(curvature, gradient);
    weights = weights.map((value, i) => value + move[i]!);
    if (Math.hypot(...move) < 1e-8) break;
  }
  return { mean, deviation, weights };
};

const dot = (a: ReadonlyArray<number>, b: ReadonlyArray<number>): number =>
  a.reduce((sum, value, i) => sum + value * b[i]!, 0);

/** Solves a positive definite system by Gaussian elimination. */
const solve = (
  matrix: ReadonlyArray<ReadonlyArray<number>>,
  right: ReadonlyArray<number>,
): ReadonlyArray<number> => {
  const rows = matrix.map((row, i) => [...row, right[i]!]);
  const n = rows.length;
  for (let pivot = 0; pivot < n; pivot++) {
    for (let i = pivot + 1; i < n; i++) {
      const factor = rows[i]![pivot]! / rows[pivot]![pivot]!;
      for (let j = pivot; j <= n; j++) rows[i]![j]! -= factor * rows[pivot]![j]!;
    }
  }
  const solution = right.map(() => 0);
  for (let i = n - 1; i >= 0; i--) {
    let value = rows[i]![n]!;
    for (let j = i + 1; j < n; j++) value -= rows[i]![j]! * solution[j]!;
    solution[i] = value / rows[i]![i]!;
  }
  return solution;
};
