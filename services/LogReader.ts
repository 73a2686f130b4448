import { Effect, Fiber } from "effect";
import type { EventType } from "../domain/event/DomainEvent.ts";
import { Position, type RecordedEvent } from "../domain/event/RecordedEvent.ts";
import { type EventStore, type EventStoreError, isReadable, readableOrDie } from "./EventStore.ts";

/** A way to read the log: at most so many events after a position, in order and without holes. */
export interface LogSource<Event> {
  readonly read: (after: Position, limit: number) => Effect.Effect<ReadonlyArray<Event>, EventStoreError>;
  /** Waits until the log reaches beyond a position. */
  readonly awaitBeyond: (position: Position) => Effect.Effect<void>;
}

/**
 * Reads the log onward from a position, batch after batch, and waits where it ends. Never returns; `onBatch` gets at least one
 * event and at most `limit`, in order and without holes. While the log is far ahead, the next batch is on its way before
 * the one in hand is decoded: positions are dense, so it is known where it begins.
 */
export const followLog = <Event extends { readonly position: Position }, E, R>(
  source: LogSource<Event>,
  from: { readonly after: Position; readonly limit: number },
  onBatch: (events: ReadonlyArray<Event>) => Effect.Effect<void, E, R>,
): Effect.Effect<never, E | EventStoreError, R> =>
  Effect.gen(function* () {
    const read = (after: Position) => source.read(after, from.limit);
    let after = from.after;
    let current = read(after);
    let isFarBehind = false;
    while (true) {
      const next = Position.make(after + from.limit);
      const ahead = isFarBehind ? yield* Effect.forkChild(read(next), { startImmediately: true }) : null;
      const events = yield* current;
      const last = events.at(-1);
      if (last === undefined) yield* source.awaitBeyond(after);
      else yield* onBatch(events);
      after = last?.position ?? after;
      isFarBehind = after === next;
      if (ahead !== null && !isFarBehind) yield* Fiber.interrupt(ahead);
      current = ahead !== null && isFarBehind ? Fiber.join(ahead) : read(after);
    }
  });

/**
 * Reads the events of some types onward from a position, and waits where the log ends. Never returns; `onEvents` gets them in order, with
 * the position that has been reached. Dies of one that this program cannot read; those of types that it does not know are not wanted.
 */
export const followTypes = <E, R>(
  store: EventStore["Service"],
  from: { readonly after: Position; readonly limit: number; readonly types: ReadonlyArray<EventType> },
  onEvents: (events: ReadonlyArray<RecordedEvent>, reached: Position) => Effect.Effect<void, E, R>,
): Effect.Effect<never, E | EventStoreError, R> =>
  Effect.gen(function* () {
    const types = new Set<string>(from.types);
    let { after } = from;
    while (true) {
      const { events, reached } = yield* store.scan(after, from.limit, from.types);
      if (reached === after) {
        yield* store.awaitBeyond(after);
        continue;
      }
      const wanted = events.filter((event) => isReadable(event) || types.has(event.type));
      yield* onEvents(
        yield* Effect.forEach(wanted, readableOrDie),
        reached,
      );
      after = reached;
    }
  });
