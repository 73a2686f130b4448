import { type Cause, Context, type Effect, Schema, type Scope, type Stream } from "effect";
import type { EventType } from "../domain/event/DomainEvent.ts";
import type { RecordedEvent } from "../domain/event/RecordedEvent.ts";
import type { EventRecord } from "./EventRecord.ts";

/** A durable subscription: each matching event is handed to it until it has been handled. */
export interface Consumer {
  /** The name under which progress is kept; it outlives the process. */
  readonly name: string;
  readonly types: ReadonlyArray<EventType>;
  /** How many events are handled at once; those of one stream are still handled in order. */
  readonly concurrency: number;
  /** Handles one event. It may see the same event again, after a failure or a crash. */
  readonly handle: (event: RecordedEvent) => Effect.Effect<void, unknown>;
  /**
   * Waits until this process may handle the event: what it claims is kept, until the scope closes, from the first delivery to the last and
   * while the event is given up. A wait takes none of the hands.
   */
  readonly claim?: (event: RecordedEvent) => Effect.Effect<void, never, Scope.Scope>;
  /**
   * Called after the last delivery failed; when it succeeds the event counts as handled. `null`: there is no last delivery, the
   * event is tried for ever.
   */
  readonly giveUp:
    | ((event: RecordedEvent, cause: Cause.Cause<unknown>) => Effect.Effect<void, unknown>)
    | null;
}

/** An event that an operator brings again, as it is stored: to be looked at, not to be acted on. */
export interface Replayed {
  /** The replay that it belongs to. */
  readonly replayId: string;
  readonly record: EventRecord;
}

/** The bus did not take what it was to carry. */
export class EventBusError extends Schema.TaggedError<EventBusError>()("EventBusError", {
  reason: Schema.Literals(["Unavailable"]),
  cause: Schema.Defect(),
}) {}

/** After how long a process that is silent loses what it has in hand to others, in seconds. */
export const silentSeconds = 10;

/** How often one event is handed to a consumer in a row before it gives up. */
export const maxDeliveries = 6;

/**
 * Brings events from the log to those who act on them: at least once, from where each consumer stopped, with backoff between
 * attempts.
 */
export class EventBus extends Context.Service<EventBus, {
  /** Runs a consumer until the scope closes; events in hand are then given back. */
  readonly consume: (consumer: Consumer) => Effect.Effect<void, never, Scope.Scope>;
  /** Events of these types from now on, without memory: for what only matters at this moment. */
  readonly live: (types: ReadonlyArray<EventType>) => Stream.Stream<RecordedEvent>;
  /**
   * Brings events again as they are stored, under the name of the replay, on a way of their own: no consumer and no `live` stream sees them.
   * Returns when the bus has taken all of them.
   */
  readonly replay: (
    replayId: string,
    records: ReadonlyArray<EventRecord>,
  ) => Effect.Effect<void, EventBusError>;
  /** Replayed events from now on, without memory. */
  readonly replays: Stream.Stream<Replayed>;
}>()("tapedeck/services/EventBus") {}
