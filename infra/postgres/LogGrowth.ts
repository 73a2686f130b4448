import { Effect, Latch } from "effect";
import type { Position } from "../../domain/event/RecordedEvent.ts";

/** The longest pause between two looks at the log, in milliseconds. */
const slowest = 250;

/**
 * Tells readers when the log has grown: at once for what this process reports by `reached`, and by an adaptive poll of the
 * head (5 to 250 ms) for the appends of other processes.
 */
export const makeLogGrowth = Effect.fnUntraced(function* <E>(head: Effect.Effect<Position, E>) {
  let known = yield* head;
  const grown = yield* Latch.make();

  const reached = (position: Position): Effect.Effect<void> =>
    Effect.suspend(() => {
      if (position <= known) return Effect.void;
      known = position;
      return Latch.release(grown);
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
      known > position ? Effect.void : Effect.flatMap(Latch.await(grown), () => awaitBeyond(position))
    );

  return { reached, awaitBeyond };
});
