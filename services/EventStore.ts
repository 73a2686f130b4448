import { Context, Effect, Schema } from "effect";
import type { DomainEvent, EventType } from "../domain/event/DomainEvent.ts";
import type { Position, RecordedEvent } from "../domain/event/RecordedEvent.ts";
import type { StoredEventError } from "../domain/event/StoredEvent.ts";
import type { CommandId, EventId, TenantId } from "../domain/Id.ts";
import type { RawEvent } from "./EventRecord.ts";

/** What every event of one append shares: the command that caused it. */
export interface CommandContext {
  readonly commandId: CommandId;
  readonly tenantId: TenantId;
  readonly correlationId: string;
  readonly causationId: string | null;
  readonly traceparent: string | null;
  readonly issuedAt: Date;
}

/** The result of one command, to be written at once: its events and its receipt. */
export interface Append {
  readonly streamId: string;
  /** The version that the decision was based on; 0 for a stream that does not exist. */
  readonly expectedVersion: number;
  readonly events: ReadonlyArray<{ readonly eventId: EventId; readonly event: DomainEvent }>;
  readonly context: CommandContext;
  /** A hash of the command; the same id with another hash is refused. */
  readonly fingerprint: string;
  /** The encoded error of a command that was refused: remembered, so that its repetition is refused alike. */
  readonly rejection: unknown;
  /** From when on nobody waits for this append any more, so that it must not be begun; `null`: never. */
  readonly deadline: Date | null;
}

/** What became of an append. */
export type AppendOutcome =
  | { readonly _tag: "Appended"; readonly version: number; readonly position: Position }
  /** Another writer was faster: nothing was written. */
  | { readonly _tag: "Conflict"; readonly actualVersion: number }
  /** The command was handled before: its first outcome again. */
  | {
    readonly _tag: "Duplicate";
    readonly version: number;
    readonly position: Position;
    readonly rejection: unknown;
  }
  /** The command id was used before with another command: nothing was written. */
  | { readonly _tag: "CommandIdReused" }
  /** The deadline passed before the append was begun: nothing was written. */
  | { readonly _tag: "DeadlineExceeded" };

/** An event that this program cannot read, as far as it can be told. */
export interface UnreadableEvent {
  readonly unreadable: StoredEventError;
  readonly position: Position;
  readonly streamId: string;
  readonly eventId: EventId;
  readonly type: string;
  readonly tenantId: TenantId;
  readonly traceparent: string | null;
}

/** Whether this program can read an event. */
export const isReadable = (event: RecordedEvent | UnreadableEvent): event is RecordedEvent =>
  !("unreadable" in event);

/** The event, where nothing else will do than one that this program can read; dies of another. */
export const readableOrDie = (event: RecordedEvent | UnreadableEvent): Effect.Effect<RecordedEvent> =>
  isReadable(event) ? Effect.succeed(event) : Effect.die(event.unreadable);

/** A stretch of the log: those of its events that were asked for, and the position that it ends with. */
export interface Stretch {
  readonly events: ReadonlyArray<RecordedEvent | UnreadableEvent>;
  readonly reached: Position;
}

/** The log could not be read or written. */
export class EventStoreError extends Schema.TaggedError<EventStoreError>()("EventStoreError", {
  reason: Schema.Literals([
    /** Out of reach, or it gave up; the caller may try again with the same command id. */
    "Unavailable",
    /** The database cannot hold what is to be written, and never will. */
    "Rejected",
  ]),
  cause: Schema.Defect(),
}) {}

/**
 * The log. Positions are dense: a reader that meets a hole dies rather than skip it. One that meets an event that it cannot
 * decode dies too, except of `scan`, which tells, and of `readRaw`, which does not look.
 */
export class EventStore extends Context.Service<EventStore, {
  /** Writes the events and the receipt of one command, or nothing; concurrent appends share round trips. */
  readonly append: (append: Append) => Effect.Effect<AppendOutcome, EventStoreError>;
  /** The events of one stream after a version, in order. */
  readonly readStream: (
    streamId: string,
    afterVersion: number,
  ) => Effect.Effect<ReadonlyArray<RecordedEvent>, EventStoreError>;
  /** At most `limit` events of the whole log after a position, in order. */
  readonly read: (
    after: Position,
    limit: number,
  ) => Effect.Effect<ReadonlyArray<RecordedEvent>, EventStoreError>;
  /** As `read`, but the events are as they are stored, whether this program can read them or not. */
  readonly readRaw: (
    after: Position,
    limit: number,
  ) => Effect.Effect<ReadonlyArray<RawEvent>, EventStoreError>;
  /**
   * The events of some types among the next `limit` of the log after a position. The others are passed over, but a hole
   * among them is met. Those of types that this program does not know always belong to the answer.
   */
  readonly scan: (
    after: Position,
    limit: number,
    types: ReadonlyArray<EventType>,
  ) => Effect.Effect<Stretch, EventStoreError>;
  /** The position of the last event, 0 for an empty log. */
  readonly head: Effect.Effect<Position, EventStoreError>;
  /** The name of this history, a UUID: positions of one epoch say nothing about another. It changes when a log is restored. */
  readonly epoch: Effect.Effect<string, EventStoreError>;
  /** Waits until the log reaches beyond a position, by an append of this or of another process. */
  readonly awaitBeyond: (position: Position) => Effect.Effect<void>;
}>()("tapedeck/services/EventStore") {}
