import { Deferred, Effect, Exit } from "effect";
import type { Position } from "../../domain/event/RecordedEvent.ts";

/** The longest pause between two looks at the log, in milliseconds. */
const slowest = 250;

/**
 * Tells readers when the log has grown: at once for what this process reports by `reached`, and by an adaptive poll of the
 * head (5 to 250 ms) for the appends of other processes.
 */
export const makeLogGrowth = Effect.fnUntraced(function* <E>(head: Effect.Effect<Position, E>) {
  let known = yield* head;
  let growth = Deferred.makeUnsafe<void>();

  const reached = (position: Position): Effect.Effect<void> =>
    Effect.sync(() => {
      if (position <= known) return;
      known = position;
      const grown = growth;
      growth = Deferred.makeUnsafe();
      Deferred.doneUnsafe(grown, Exit.void);
    });

  const poll = Effect.gen(function* () {
    let pause = 5;
    while (true) {
      yield* Effect.sleep(pause);
      const before = known;
      yield* head.pipe(Effect.flatMap(reached), Effect.ignore);
      pause = known > before ? 5 : Math.min(pause * 2, slowest);
    }
  });
  yield* Effect.forkScoped(poll);

  const awaitBeyond = (position: Position): Effect.Effect<void> =>
    Effect.suspend(() =>
      // `growth` is picked in the same step as `known`, so that growth before the wait has begun is not missed.
      known > position ? Effect.void : Effect.flatMap(Deferred.await(growth), () => awaitBeyond(position))
    );

  return { known: Effect.sync(() => known), reached, awaitBeyond };
});
