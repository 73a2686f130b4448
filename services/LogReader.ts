import { Effect, Fiber } from "effect";
import type { Position, RecordedEvent } from "../domain/event/RecordedEvent.ts";
import type { EventStore, EventStoreError } from "./EventStore.ts";

/**
 * Reads the log onward from a position, batch after batch, and waits where it ends. Never returns; `onBatch` gets at least one
 * event and at most `limit`, in order and without holes. While it has a full batch in hand, the next one is read.
 */
export const followLog = <E, R>(
  store: EventStore["Service"],
  from: { readonly after: Position; readonly limit: number },
  onBatch: (events: ReadonlyArray<RecordedEvent>) => Effect.Effect<void, E, R>,
): Effect.Effect<never, E | EventStoreError, R> =>
  Effect.gen(function* () {
    const read = (after: Position) => store.read(after, from.limit);
    let next = read(from.after);
    let after = from.after;
    while (true) {
      const events = yield* next;
      const last = events.at(-1);
      if (last === undefined) {
        yield* store.awaitBeyond(after);
        next = read(after);
      } else if (events.length < from.limit) {
        yield* onBatch(events);
        after = last.position;
        next = read(after);
      } else {
        after = last.position;
        const ahead = yield* Effect.forkChild(read(after), { startImmediately: true });
        yield* onBatch(events);
        next = Fiber.join(ahead);
      }
    }
  });
