import { assert, describe, it } from "@effect/vitest";
import { Clock, Effect, Fiber, References } from "effect";
import { TestClock } from "effect/testing";
import { persisting, resuming } from "../../services/Resuming.ts";

/** The times at which something begins, while the clock runs for a while; each run ends as `run` says. */
const timesOf = Effect.fnUntraced(function* (run: (nth: number) => Effect.Effect<void, string>) {
  const times: Array<number> = [];
  const looping = resuming(
    "A loop",
    Effect.flatMap(Clock.currentTimeMillis, (now) => run(times.push(now))),
  );
  const fiber = yield* Effect.forkChild(looping);
  yield* TestClock.adjust("2 minutes");
  yield* Fiber.interrupt(fiber);
  return times;
}, Effect.provideService(References.MinimumLogLevel, "None"));

describe("resuming", () => {
  it.effect("pauses longer after each failure, up to ten seconds", () =>
    Effect.gen(function* () {
      const times = yield* timesOf(() => Effect.fail("again"));
      const pauses = times.slice(1, 9).map((time, index) => time - (times[index] ?? 0));
      assert.deepStrictEqual(pauses, [200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000]);
    }));

  it.effect("begins with a short pause in each outage", () =>
    Effect.gen(function* () {
      const times = yield* timesOf((nth) =>
        Effect.andThen(Effect.sleep(nth === 4 ? 30_000 : 0), Effect.fail(""))
      );
      assert.deepStrictEqual(times.slice(0, 6), [0, 200, 600, 1_400, 31_600, 32_000]);
    }));
});

describe("persisting", () => {
  it.effect("tries until it succeeds, whatever went wrong", () =>
    Effect.gen(function* () {
      const ends = [Effect.fail("failed"), Effect.die("died"), Effect.interrupt, Effect.succeed("done")];
      const fiber = yield* Effect.forkChild(
        persisting(
          "It",
          Effect.suspend((): Effect.Effect<string, string> => ends.shift() ?? Effect.die("no more")),
        ),
      );
      yield* TestClock.adjust("10 seconds");
      assert.strictEqual(yield* Fiber.join(fiber), "done");
    }).pipe(Effect.provideService(References.MinimumLogLevel, "None")));
});
