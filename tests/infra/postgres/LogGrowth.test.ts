import { assert, describe, it } from "@effect/vitest";
import { Effect, Fiber, Ref, References } from "effect";
import { TestClock } from "effect/testing";
import { Position } from "../../../domain/event/RecordedEvent.ts";
import { makeLogGrowth } from "../../../infra/postgres/LogGrowth.ts";

const position = (value: number) => Position.make(value);

/** Lets every fiber that can go on do so. */
const settle = Effect.repeat(Effect.yieldNow, { times: 100 });

describe("LogGrowth", () => {
  it.effect("wakes at once those who wait for a position that is reported", () =>
    Effect.gen(function* () {
      const growth = yield* makeLogGrowth(Effect.succeed(position(3)));
      yield* growth.awaitBeyond(position(2));
      const waiting = yield* Effect.forkChild(growth.awaitBeyond(position(4)), { startImmediately: true });
      yield* growth.reached(position(4));
      yield* settle;
      assert.isUndefined(waiting.pollUnsafe());
      yield* growth.reached(position(5));
      yield* growth.reached(position(1));
      yield* Fiber.join(waiting);
      yield* growth.awaitBeyond(position(4));
    }));

  it.effect("sees within a quarter of a second what another process appended, even after an outage", () =>
    Effect.gen(function* () {
      const log = yield* Ref.make<Effect.Effect<Position, string>>(Effect.succeed(position(0)));
      const growth = yield* makeLogGrowth(Effect.flatten(Ref.get(log)));
      yield* TestClock.adjust("1 minute");
      yield* Ref.set(log, Effect.fail("out of reach"));
      const waiting = yield* Effect.forkChild(growth.awaitBeyond(position(0)), { startImmediately: true });
      yield* TestClock.adjust("1 minute");
      assert.isUndefined(waiting.pollUnsafe());
      yield* Ref.set(log, Effect.succeed(position(1)));
      yield* TestClock.adjust("250 millis");
      yield* Fiber.join(waiting);
    }));

  it.effect("misses no growth that comes between a look at the log and the wait", () =>
    Effect.gen(function* () {
      // A fiber may be suspended between any two of its steps: every such moment is tried.
      for (const stepsAtOnce of [3, 4, 5]) {
        for (let moment = 0; moment < 10; moment++) {
          const growth = yield* makeLogGrowth(Effect.succeed(position(0)));
          const waiting = yield* growth.awaitBeyond(position(0)).pipe(
            Effect.provideService(References.MaxOpsBeforeYield, stepsAtOnce),
            Effect.forkChild({ startImmediately: true }),
          );
          yield* Effect.repeat(Effect.yieldNow, { times: moment });
          yield* growth.reached(position(1));
          yield* settle;
          assert.isDefined(waiting.pollUnsafe(), `moment ${moment} of ${stepsAtOnce} steps at once`);
        }
      }
    }));
});
