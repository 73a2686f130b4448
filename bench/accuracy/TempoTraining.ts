import { musicRate } from "../../domain/signal/MusicRate.ts";
import { OnsetNovelty } from "../../domain/signal/OnsetNovelty.ts";
import { type TempoCandidates, tempoCandidates } from "../../domain/signal/TempoCandidates.ts";
import { candidateChances, confidenceTerms, type TempoModel } from "../../domain/signal/TempoSelector.ts";
import { fitConditionalLogit, type KnownChoice, type Logit } from "./ConditionalLogit.ts";
import { drumPatterns } from "./DrumPatterns.ts";
import { isRight, type TempoClip } from "./TempoClips.ts";

/** A stretch of music with its true tempo, and what the meter has to choose from. */
export interface TempoExample {
  readonly clip: Pick<TempoClip, "set" | "bpm">;
  readonly found: TempoCandidates;
  /** How much it counts; the examples of one clip have the sum 1. */
  readonly weight: number;
}

/** How strongly weights are held near 0; of 0.3, 1, 3, 10 and 30 the one with the likeliest left-out sets. */
const L2 = 3;
const SHORTEST_SECONDS = 6;
/** Of each generated pattern, and what one of them counts: chosen in the same way, of 0, 0.2, 0.5 and 1. */
const PATTERN_TEMPI = 8;
const PATTERN_WEIGHT = 0.2;

/** A clip whole, and its halves, so that short ones count too. */
export const examplesOf = <C extends TempoExample["clip"]>(
  clip: C,
  samples: Float32Array,
): ReadonlyArray<TempoExample & { readonly clip: C }> => {
  const half = Math.max(SHORTEST_SECONDS * musicRate, samples.length >> 1);
  const stretches = [
    samples,
    samples.subarray(0, half),
    samples.subarray(Math.max(0, samples.length - half)),
  ];
  return stretches.map((stretch) => ({ clip, found: candidatesOf(stretch), weight: 1 / stretches.length }));
};

const candidatesOf = (samples: Float32Array): TempoCandidates => {
  const novelty = new OnsetNovelty();
  novelty.push(samples);
  return tempoCandidates(novelty.finish());
};

/** Plain clicks and drums, of which the corpus has few: they are trained on only, never measured. */
const generated: ReadonlyArray<TempoExample> = drumPatterns(PATTERN_TEMPI).map(({ bpm, samples }) => ({
  clip: { set: "generated", bpm },
  found: candidatesOf(samples),
  weight: PATTERN_WEIGHT,
}));

/** The model that explains the examples best. Its confidence is fitted to choices among sets left out of the fit. */
export const fitTempoModel = (examples: ReadonlyArray<TempoExample>): TempoModel => ({
  ...fitChoice(examples),
  confidence: fitConfidence(leaveOneSetOut(examples, (rest, left) => judged(left, fitChoice(rest)))),
});

/** What `measure` makes of each set and all examples but the set's. */
export const leaveOneSetOut = <E extends { readonly clip: { readonly set: string } }, A>(
  examples: ReadonlyArray<E>,
  measure: (rest: ReadonlyArray<E>, left: ReadonlyArray<E>) => ReadonlyArray<A>,
): ReadonlyArray<A> =>
  [...new Set(examples.map(({ clip }) => clip.set))].flatMap((set) =>
    measure(
      examples.filter(({ clip }) => clip.set !== set),
      examples.filter(({ clip }) => clip.set === set),
    )
  );

const fitChoice = (examples: ReadonlyArray<TempoExample>): Logit =>
  fitConditionalLogit(
    [...examples, ...generated].flatMap(({ clip, found, weight }): ReadonlyArray<KnownChoice> => {
      const off = found.candidates.map(({ bpm }) => Math.abs(bpm / clip.bpm - 1));
      const right = off.indexOf(Math.min(...off));
      const known = right >= 0 && isRight(found.candidates[right]!.bpm, clip.bpm);
      return known ? [{ alternatives: found.candidates.map(({ features }) => features), right, weight }] : [];
    }),
    L2,
  );

/** The likeliest candidate of an example, and whether it is right. */
export interface Choice {
  readonly chance: number;
  readonly strength: number;
  readonly right: boolean;
}

/** What a model chooses for each example that has candidates. */
export const judged = (
  examples: ReadonlyArray<TempoExample>,
  model: Pick<TempoModel, "mean" | "deviation" | "weights">,
): ReadonlyArray<Choice> =>
  examples.filter(({ found }) => found.candidates.length > 0).map(({ clip, found }) => {
    const chances = candidateChances(found.candidates, model);
    const chance = Math.max(...chances);
    const { bpm } = found.candidates[chances.indexOf(chance)]!;
    return { chance, strength: found.strength, right: isRight(bpm, clip.bpm) };
  });

/** The logistic regression of being right, as a conditional logit with the alternative "wrong", whose score is 0. */
const fitConfidence = (choices: ReadonlyArray<Choice>): TempoModel["confidence"] => {
  const known = choices.map(({ chance, strength, right }): KnownChoice => {
    const terms = confidenceTerms(chance, strength);
    return {
      alternatives: [[1, terms.odds, terms.strength], [0, 0, 0]],
      right: right ? 0 : 1,
      weight: 1 / 3,
    };
  });
  const { deviation, weights } = fitConditionalLogit(known, 0.1);
  const [offset, odds, slope] = weights.map((weight, i) => weight / deviation[i]!);
  return { offset: offset!, odds: odds!, strength: slope! };
};

/** How well confidences hold: in each range, what they promise and how often the choice is right. */
export const calibration = (
  choices: ReadonlyArray<{ readonly confidence: number; readonly right: boolean }>,
): ReadonlyArray<{ from: number; to: number; clips: number; confidence: number; right: number }> =>
  EDGES.slice(1).flatMap((to, i) => {
    const from = EDGES[i]!;
    const within = choices.filter(({ confidence }) => confidence >= from && confidence < to);
    const mean = (value: (choice: (typeof within)[number]) => number) =>
      within.reduce((sum, choice) => sum + value(choice), 0) / within.length;
    return within.length === 0 ? [] : [{
      from,
      to,
      clips: within.length,
      confidence: mean(({ confidence }) => confidence),
      right: mean(({ right }) => Number(right)),
    }];
  });

const EDGES = [0, 0.5, 0.7, 0.8, 0.9, 0.95, 1.001];
