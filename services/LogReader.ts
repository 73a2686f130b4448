import { Effect } from "effect";
import type { Position, RecordedEvent } from "../domain/event/RecordedEvent.ts";
import type { EventStore, EventStoreError } from "./EventStore.ts";

/**
 * Reads the log onward from a position, batch after batch, and waits where it ends. Never returns; `onBatch` gets at least one
 * event and at most `limit`, in order and without holes.
 */
export const followLog = <E, R>(
  store: EventStore["Service"],
  from: { readonly after: Position; readonly limit: number },
  onBatch: (events: ReadonlyArray<RecordedEvent>) => Effect.Effect<void, E, R>,
): Effect.Effect<never, E | EventStoreError, R> =>
  Effect.gen(function* () {
    let after = from.after;
    while (true) {
      const events = yield* store.read(after, from.limit);
      const last = events.at(-1);
      if (last === undefined) {
        yield* store.awaitBeyond(after);
      } else {
        yield* onBatch(events);
        after = last.position;
      }
    }
  });
