import { Context, type Effect, Schema } from "effect";
import type { Position } from "../../domain/event/RecordedEvent.ts";
import type { EventStoreError } from "../EventStore.ts";
import type { EventRecord, ReceiptRecord } from "../EventRecord.ts";

/** What names a receipt. */
export type ReceiptKey = Pick<ReceiptRecord, "tenantId" | "commandId">;

/** Events can only be brought into a log that has none. */
export class LogNotEmpty extends Schema.TaggedError<LogNotEmpty>()("LogNotEmpty", { head: Schema.Int }) {}

/** A log without events that is being filled, inside one transaction. */
export interface OpenLog {
  /** The last version of each of these streams that has events. */
  readonly versions: (
    streamIds: ReadonlyArray<string>,
  ) => Effect.Effect<ReadonlyMap<string, number>, EventStoreError>;
  /** Those of the ids that the log has events for. */
  readonly knownEvents: (
    eventIds: ReadonlyArray<string>,
  ) => Effect.Effect<ReadonlySet<string>, EventStoreError>;
  /** Those of the keys that have a receipt, each as its tenant, a space and its command. */
  readonly knownReceipts: (
    keys: ReadonlyArray<ReceiptKey>,
  ) => Effect.Effect<ReadonlySet<string>, EventStoreError>;
  readonly writeEvents: (events: ReadonlyArray<EventRecord>) => Effect.Effect<void, EventStoreError>;
  readonly writeReceipts: (receipts: ReadonlyArray<ReceiptRecord>) => Effect.Effect<void, EventStoreError>;
  /** Moves the head of the log, and gives the log an epoch of its own, which is the answer. */
  readonly close: (head: Position) => Effect.Effect<string, EventStoreError>;
}

/** Takes a log out of a store and brings one in. */
export class LogTransfer extends Context.Service<LogTransfer, {
  /** At most `limit` receipts of commands handled up to a position, in the order of their keys, after a key. */
  readonly receipts: (
    after: ReceiptKey | null,
    upTo: Position,
    limit: number,
  ) => Effect.Effect<ReadonlyArray<ReceiptRecord>, EventStoreError>;
  /**
   * Fills an empty log in one transaction; appends wait meanwhile. Nothing is written when `fill` fails or is interrupted, or when
   * `keep` is false.
   */
  readonly fill: <A, E, R>(
    fill: (log: OpenLog) => Effect.Effect<A, E, R>,
    options: { readonly keep: boolean },
  ) => Effect.Effect<A, E | LogNotEmpty | EventStoreError, R>;
}>()("tapedeck/services/transfer/LogTransfer") {}
