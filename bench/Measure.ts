import { Effect, type Scope } from "effect";
import { BenchServer } from "./BenchServer.ts";
import type { LargeLog } from "./LargeLog.ts";

/** How large a run is. */
export interface Sizes {
  /** The events of a large log. */
  readonly events: number;
  /** How often the two sides of a measure take turns. */
  readonly rounds: number;
}

/** One side of a measure, made ready: each run answers a figure, such as events a second. */
export type Side = Effect.Effect<number>;

/** A row of the table: what is measured, beside what, and what the ratio of the two is to reach. */
export interface Measure {
  readonly name: string;
  readonly title: string;
  readonly baseline: string;
  readonly unit: string;
  readonly goal: { readonly atLeast: number } | { readonly atMost: number };
  /** Fewer rounds than others take, for a measure that takes long. */
  readonly mostRounds?: number;
  /** Whether the first turn of each side does not count, as by default. */
  readonly needsWarmUp?: boolean;
  /** Looks, before any measure begins, whether there is what this one needs. */
  readonly check?: Effect.Effect<void>;
  readonly prepare: (
    sizes: Sizes,
  ) => Effect.Effect<
    { readonly ours: Side; readonly baseline: Side },
    never,
    BenchServer | LargeLog | Scope.Scope
  >;
}

/** What came out: medians of both sides, and the median, least and greatest ratio of the two over the rounds. */
export interface Outcome {
  readonly ours: number;
  readonly baseline: number;
  readonly ratio: number;
  readonly least: number;
  readonly greatest: number;
  readonly met: boolean;
}

const median = (values: ReadonlyArray<number>): number => {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
};

/** The value that 99 of 100 do not exceed. */
export const p99 = (values: ReadonlyArray<number>): number =>
  values.toSorted((a, b) => a - b)[Math.ceil(values.length * 0.99) - 1] ?? NaN;

/**
 * Runs both sides once to warm up and then in turns. Who goes first alternates, so that a machine that slows down meanwhile
 * favours neither.
 */
export const runMeasure = Effect.fnUntraced(function* (measure: Measure, sizes: Sizes) {
  const server = yield* BenchServer;
  const sides = yield* measure.prepare(sizes);
  const settled = (side: Side) => Effect.andThen(server.settle, side);
  if (measure.needsWarmUp ?? true) {
    yield* sides.ours;
    yield* sides.baseline;
  }
  const pairs: Array<{ readonly ours: number; readonly baseline: number }> = [];
  const rounds = Math.min(sizes.rounds, measure.mostRounds ?? sizes.rounds);
  for (let round = 0; round < rounds; round++) {
    if (round % 2 === 0) {
      const ours = yield* settled(sides.ours);
      pairs.push({ ours, baseline: yield* settled(sides.baseline) });
    } else {
      const baseline = yield* settled(sides.baseline);
      pairs.push({ ours: yield* settled(sides.ours), baseline });
    }
  }
  const ratios = pairs.map(({ ours, baseline }) => ours / baseline);
  const ratio = median(ratios);
  const { goal } = measure;
  return {
    ours: median(pairs.map(({ ours }) => ours)),
    baseline: median(pairs.map(({ baseline }) => baseline)),
    ratio,
    least: Math.min(...ratios),
    greatest: Math.max(...ratios),
    met: "atLeast" in goal ? ratio >= goal.atLeast : ratio <= goal.atMost,
  } satisfies Outcome;
}, Effect.scoped);

/** How many a second an effect makes of `count`, by the wall clock. */
export const rate = <E, R>(
  count: number,
  effect: Effect.Effect<unknown, E, R>,
): Effect.Effect<number, never, R> =>
  Effect.suspend(() => {
    const start = performance.now();
    return Effect.map(Effect.orDie(effect), () => count / (performance.now() - start) * 1_000);
  });
