import { Context, type Effect } from "effect";
import type { Position } from "../../domain/event/RecordedEvent.ts";
import type { EventId } from "../../domain/Id.ts";
import type { EventStoreError } from "../EventStore.ts";
import type { EventRecord } from "../EventRecord.ts";

/** Which events to look for. A bound is a position or a time of recording; neither bound is part of the answer. */
export interface EventFilter {
  readonly type?: string | undefined;
  readonly stream?: string | undefined;
  readonly tenant?: string | undefined;
  /** The correlation id. */
  readonly correlation?: string | undefined;
  readonly after?: Position | Date | undefined;
  readonly before?: Position | Date | undefined;
  /** Go on below this position. */
  readonly cursor?: Position | undefined;
  readonly limit: number;
}

/** Reads events as they are stored, of every tenant: for operators. */
export class StoredEvents extends Context.Service<StoredEvents, {
  /** The newest events that pass the filter, newest first. */
  readonly find: (filter: EventFilter) => Effect.Effect<ReadonlyArray<EventRecord>, EventStoreError>;
  /** The event at a position, or with an id; `null` if there is none. */
  readonly event: (ref: Position | EventId) => Effect.Effect<EventRecord | null, EventStoreError>;
  /** At most `limit` events after a position, in order and without holes; a hole is a defect. */
  readonly after: (
    position: Position,
    limit: number,
  ) => Effect.Effect<ReadonlyArray<EventRecord>, EventStoreError>;
  /** The events of one stream, in order. */
  readonly ofStream: (streamId: string) => Effect.Effect<ReadonlyArray<EventRecord>, EventStoreError>;
  /** How many events a second were recorded in the last minute, by the clock of the database. */
  readonly rate: Effect.Effect<number, EventStoreError>;
}>()("tapedeck/services/transfer/StoredEvents") {}
