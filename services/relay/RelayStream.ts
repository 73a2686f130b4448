import { Context, type Effect, Schema } from "effect";
import type { Position } from "../../domain/event/RecordedEvent.ts";
import type { RawEvent } from "../EventRecord.ts";

/** The stream did not take what the relay gave it. */
export class RelayStreamError extends Schema.TaggedError<RelayStreamError>()("RelayStreamError", {
  reason: Schema.Literals([
    /** The server does not answer, or not as it should. */
    "Unavailable",
    /** The stream is not where the relay believed it to be: another one writes to it, or it has lost its end. */
    "Refused",
  ]),
  cause: Schema.Defect(),
}) {
  override get message(): string {
    return `${this.reason}: ${this.cause instanceof Error ? this.cause.message : String(this.cause)}`;
  }
}

/** What a stream holds: events of one history of the log, without holes. */
export interface StreamState {
  readonly epoch: string;
  /** The position that the stream begins after; the event at sequence s has the position `base + s`. */
  readonly base: Position;
  /** The positions of the first and the last event; of one that is empty, `first` is the one after `last`. */
  readonly first: Position;
  readonly last: Position;
  /** Whether no message between the first and the last is missing. */
  readonly isWhole: boolean;
}

/** An event, and the trace context of the span that publishes it. */
export interface Outgoing {
  readonly event: RawEvent;
  readonly traceparent: string | null;
}

/** The stream that the relay fills with the events of the log, and that consumers take them from. */
export class RelayStream extends Context.Service<RelayStream, {
  /** `null` when there is no stream, or one that does not say what it holds. */
  readonly state: Effect.Effect<StreamState | null, RelayStreamError>;
  /** The id of the event that the stream has at its end; `null` when it is empty. */
  readonly lastEventId: Effect.Effect<string | null, RelayStreamError>;
  /** Removes the stream with all that consumers know of it, and makes an empty one that begins after a position. */
  readonly recreate: (epoch: string, base: Position) => Effect.Effect<void, RelayStreamError>;
  /**
   * Sends events to the end of a stream that begins after `base`. Returns when they are on their way, with an effect that waits until all of
   * them are stored: each at its own sequence, behind the one before it.
   */
  readonly publish: (
    base: Position,
    events: ReadonlyArray<Outgoing>,
  ) => Effect.Effect<Effect.Effect<void, RelayStreamError>>;
  /** How far the consumers have come on a stream, at least as far as is known already. */
  readonly handled: (
    state: StreamState,
    known: ReadonlyMap<string, Position>,
  ) => Effect.Effect<ReadonlyMap<string, Position>, RelayStreamError>;
  /** Removes the events up to a position. */
  readonly trim: (state: StreamState, upTo: Position) => Effect.Effect<void, RelayStreamError>;
}>()("tapedeck/services/relay/RelayStream") {}
