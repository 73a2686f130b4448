import { Schema } from "effect";
import { EventId, TenantId } from "../Id.ts";
import { DomainEvent } from "./DomainEvent.ts";

/** A place in the log, counted 1, 2, 3 … without holes; 0 is the place before the first event. */
export const Position = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0)).pipe(Schema.brand("Position"));
export type Position = typeof Position.Type;

/** An event as the log keeps it: the fact, and where, when and why it was written. */
export const RecordedEvent = Schema.Struct({
  position: Position,
  streamId: Schema.String,
  /** The place in its stream, from 1. */
  version: Schema.Int,
  eventId: EventId,
  /** The version in which it is stored; `event` is in today's. */
  schemaVersion: Schema.Int,
  tenantId: TenantId,
  commandId: Schema.String,
  /** The command that began the chain of commands and events which led here. */
  correlationId: Schema.String,
  /** The event that the command reacted to; `null` when a client sent it. */
  causationId: Schema.NullOr(Schema.String),
  /** W3C trace context of the span that wrote the event. */
  traceparent: Schema.NullOr(Schema.String),
  recordedAt: Schema.Date,
  event: DomainEvent,
});
export type RecordedEvent = typeof RecordedEvent.Type;
