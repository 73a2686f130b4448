import { type Duration, Effect, Fiber } from "effect";
import { TestClock } from "effect/testing";

/**
 * Runs a test under a clock of its own that advances a step at a time, as soon as the work of the last step is done or waits
 * for input: what would take minutes takes milliseconds. Services that were built before keep the real clock.
 */
export const hurried = <A, E, R>(
  test: Effect.Effect<A, E, R>,
  step: Duration.Input = "1 second",
): Effect.Effect<A, E, R> =>
  Effect.gen(function* () {
    const running = yield* Effect.forkChild(test);
    while (running.pollUnsafe() === undefined) {
      yield* TestClock.adjust(step);
      yield* TestClock.withLive(Effect.sleep("1 millis"));
    }
    return yield* Fiber.join(running);
  }).pipe(Effect.provide(TestClock.layer()));
