import { Effect, Fiber } from "effect";
import { Position, type RecordedEvent } from "../domain/event/RecordedEvent.ts";
import type { EventStore, EventStoreError } from "./EventStore.ts";

/**
 * Reads the log onward from a position, batch after batch, and waits where it ends. Never returns; `onBatch` gets at least one
 * event and at most `limit`, in order and without holes. While the log is far ahead, the next batch is on its way before
 * the one in hand is decoded: positions are dense, so it is known where it begins.
 */
export const followLog = <E, R>(
  store: EventStore["Service"],
  from: { readonly after: Position; readonly limit: number },
  onBatch: (events: ReadonlyArray<RecordedEvent>) => Effect.Effect<void, E, R>,
): Effect.Effect<never, E | EventStoreError, R> =>
  Effect.gen(function* () {
    const read = (after: Position) => store.read(after, from.limit);
    let after = from.after;
    let current = read(after);
    let isFarBehind = false;
    while (true) {
      const next = Position.make(after + from.limit);
      const ahead = isFarBehind ? yield* Effect.forkChild(read(next), { startImmediately: true }) : null;
      const events = yield* current;
      const last = events.at(-1);
      if (last === undefined) yield* store.awaitBeyond(after);
      else yield* onBatch(events);
      after = last?.position ?? after;
      isFarBehind = after === next;
      if (ahead !== null && !isFarBehind) yield* Fiber.interrupt(ahead);
      current = ahead !== null && isFarBehind ? Fiber.join(ahead) : read(after);
    }
  });
