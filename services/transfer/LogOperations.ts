import { Context, type Effect, Schema, type Stream } from "effect";
import { Position } from "../../domain/event/RecordedEvent.ts";
import type { EventId } from "../../domain/Id.ts";
import type { OperationError } from "../OperationError.ts";
import { EventRecord } from "../EventRecord.ts";
import type { EventFilter } from "./StoredEvents.ts";

/** Where the log is. */
export const LogStatus = Schema.Struct({
  epoch: Schema.String,
  head: Position,
  /** When the last event was recorded; `null` for an empty log. */
  lastRecordedAt: Schema.NullOr(Schema.DateFromString),
  /** Events a second, over the last minute. */
  eventsPerSecond: Schema.Finite,
});
export type LogStatus = typeof LogStatus.Type;

/** Some events, newest first, and where to go on; `nextCursor` is `null` after the last. */
export const EventPage = Schema.Struct({
  items: Schema.Array(EventRecord),
  nextCursor: Schema.NullOr(Position),
});
export type EventPage = typeof EventPage.Type;

/** An event, and why it is there. */
export const EventDetail = Schema.Struct({
  event: EventRecord,
  /** The trace in which it was written. */
  traceId: Schema.NullOr(Schema.String),
  /** The event that its command reacted to, the one before that, and so on to the one that a client's command wrote. */
  causes: Schema.Array(EventRecord),
});
export type EventDetail = typeof EventDetail.Type;

/** What an import has brought in, or would bring in. */
export const Imported = Schema.Struct({
  events: Schema.Int,
  receipts: Schema.Int,
  /** The epoch of the log that the file was taken from. */
  sourceEpoch: Schema.String,
  /** The epoch that the log has from now on; `null` after a dry run. */
  epoch: Schema.NullOr(Schema.String),
});
export type Imported = typeof Imported.Type;

/** What to publish again: the events of a stream, or those from a position up to another, both included. */
export const ReplayRequest = Schema.Union([
  Schema.Struct({ streamId: Schema.String, dryRun: Schema.optionalKey(Schema.Boolean) }),
  Schema.Struct({
    from: Position.check(Schema.isGreaterThan(0)),
    /** Left out: the present head of the log. */
    to: Schema.optionalKey(Position),
    dryRun: Schema.optionalKey(Schema.Boolean),
  }),
]);
export type ReplayRequest = typeof ReplayRequest.Type;

/** How far a replay has come. The last report of one that ran to its end has `replayed` equal to `total`; a dry run replays none. */
export const ReplayProgress = Schema.Struct({
  replayId: Schema.String,
  replayed: Schema.Int,
  total: Schema.Int,
});
export type ReplayProgress = typeof ReplayProgress.Type;

/** Something that goes on for a while, once it could be begun. */
export type Operation<A> = Effect.Effect<Stream.Stream<A, OperationError>, OperationError>;

/** What operators do with the log: in this process, or over HTTP with the one that runs. */
export class LogOperations extends Context.Service<LogOperations, {
  readonly status: Effect.Effect<LogStatus, OperationError>;
  /** Events that pass the filter, newest first. */
  readonly list: (filter: EventFilter) => Effect.Effect<EventPage, OperationError>;
  /** An event by its position or id. */
  readonly show: (ref: Position | EventId) => Effect.Effect<EventDetail, OperationError>;
  /** Every event after a position, and then those to come; without a position, only those to come. */
  readonly tail: (after: Position | undefined) => Operation<EventRecord>;
  /** The log as the bytes of a file. */
  readonly export: Operation<Uint8Array>;
  /** Brings such a file into an empty log, or checks it in a dry run. */
  readonly import: (
    bytes: Stream.Stream<Uint8Array, OperationError>,
    options: { readonly dryRun: boolean },
  ) => Effect.Effect<Imported, OperationError>;
  /** Publishes events to the bus again, marked as a replay, for which reactors do not act; reports after each batch. */
  readonly replay: (request: ReplayRequest) => Operation<ReplayProgress>;
}>()("tapedeck/services/transfer/LogOperations") {}
