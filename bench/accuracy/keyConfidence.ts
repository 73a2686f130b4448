// Fits the weights of the key's confidence and shows how well calibrated it is on sets that it was not fitted to:
// deno run -A bench/accuracy/keyConfidence.ts CORPUS
import process from "node:process";
import { confidenceFeatures, logistic } from "../../domain/signal/KeyConfidence.ts";
import { KeyMeter } from "../../domain/signal/KeyMeter.ts";
import { musicRate } from "../../domain/signal/MusicRate.ts";
import { keyClips, samplesOf } from "./KeyClips.ts";
import { keyScore } from "./KeyScore.ts";

interface Example {
  /** Clips made of the same music are in the same group. */
  readonly group: string;
  readonly features: ReadonlyArray<number>;
  readonly right: boolean;
}

const SECONDS = [5, 10, 20, Infinity];

const examplesOf = (corpus: string): ReadonlyArray<Example> =>
  keyClips(corpus).flatMap((clip) => {
    const samples = samplesOf(corpus, clip);
    return SECONDS.flatMap((seconds) => {
      if (seconds < Infinity && samples.length < seconds * musicRate) return [];
      const meter = new KeyMeter();
      meter.push(samples.subarray(0, seconds * musicRate));
      const evidence = meter.evidence();
      if (evidence === null) return [];
      const right = keyScore(meter.finish(), clip) === 1;
      return [{ group: clip.set.split("-")[0]!, features: confidenceFeatures(evidence), right }];
    });
  });

const STEPS = 20_000;
const RATE = 1;

/** Logistic regression by gradient descent, the features scaled to unit root mean square meanwhile. */
const fit = (examples: ReadonlyArray<Example>): ReadonlyArray<number> => {
  const scales = examples[0]!.features.map((_, i) =>
    Math.sqrt(examples.reduce((sum, { features }) => sum + features[i]! ** 2, 0) / examples.length)
  );
  const scaled = examples.map(({ features, right }) => ({
    features: features.map((feature, i) => feature / scales[i]!),
    right,
  }));
  let weights = scales.map(() => 0);
  for (let step = 0; step < STEPS; step++) {
    const gradient = weights.map(() => 0);
    for (const { features, right } of scaled) {
      const error = (right ? 1 : 0) - logistic(features, weights);
      features.forEach((feature, i) => gradient[i]! += error * feature / scaled.length);
    }
    weights = weights.map((weight, i) => weight + RATE * gradient[i]!);
  }
  return weights.map((weight, i) => weight / scales[i]!);
};

const [corpus] = process.argv.slice(2);
if (corpus === undefined) {
  console.error("usage: keyConfidence.ts CORPUS");
  process.exit(2);
}
const examples = examplesOf(corpus);
console.log(
  `weights fitted to all ${examples.length} examples:`,
  fit(examples).map((weight) => weight.toFixed(2)),
);

const predictions = [...new Set(examples.map(({ group }) => group))].flatMap((group) => {
  const weights = fit(examples.filter((example) => example.group !== group));
  return examples.filter((example) => example.group === group)
    .map(({ features, right }) => ({ confidence: logistic(features, weights), right }));
});
const mean = (values: ReadonlyArray<number>) => values.reduce((sum, value) => sum + value, 0) / values.length;

console.log("\n| confidence | examples | mean confidence | right |\n|---|---|---|---|");
const EDGES = [0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1];
EDGES.slice(1).forEach((end, i) => {
  const start = EDGES[i]!;
  const within = predictions.filter(({ confidence }) => confidence >= start && confidence < end);
  const confidence = mean(within.map((prediction) => prediction.confidence));
  const right = mean(within.map((prediction) => prediction.right ? 1 : 0));
  console.log(`| ${start}–${end} | ${within.length} | ${confidence.toFixed(2)} | ${right.toFixed(2)} |`);
});
const squares = predictions.map(({ confidence, right }) => ((right ? 1 : 0) - confidence) ** 2);
console.log(`\nBrier score ${mean(squares).toFixed(3)}`);
