import { Clock, Effect } from "effect";

/** The longest pause of an outage, in milliseconds. */
const longestPause = 10_000;

/** The pauses of one outage in milliseconds: a fifth of a second at first, twice as long each time. */
const pauseAfter = (failures: number): number => Math.min(200 * 2 ** (failures - 1), longestPause);

/**
 * Runs what has no end, again and again: when it fails, or ends all the same, that is told, and it is run once more after a pause. What
 * ran for longer than the longest pause had come through its outage; its next one begins with a short pause.
 */
export const resuming = <A, E, R>(
  what: string,
  run: Effect.Effect<A, E, R>,
): Effect.Effect<never, never, R> =>
  Effect.gen(function* () {
    let failures = 0;
    while (true) {
      const began = yield* Clock.currentTimeMillis;
      yield* run.pipe(
        Effect.tapCause((cause) => Effect.logError(`${what} stopped, it will go on`, cause)),
        Effect.exit,
      );
      if ((yield* Clock.currentTimeMillis) - began > longestPause) failures = 0;
      yield* Effect.sleep(pauseAfter(++failures));
    }
  });

/** Tries something until it succeeds, with the pauses of one outage in between. */
export const persisting = <A, E, R>(
  what: string,
  run: Effect.Effect<A, E, R>,
): Effect.Effect<A, never, R> => {
  const attempt = (failures: number): Effect.Effect<A, never, R> =>
    Effect.catchCause(
      Effect.tapCause(run, (cause) => Effect.logError(`${what} failed, it is tried again`, cause)),
      () => Effect.andThen(Effect.sleep(pauseAfter(failures)), attempt(failures + 1)),
    );
  return attempt(1);
};
