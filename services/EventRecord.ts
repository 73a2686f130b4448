import { Schema } from "effect";
import { type Position, RecordedEvent } from "../domain/event/RecordedEvent.ts";
import { fromStored } from "../domain/event/StoredEvent.ts";

const { event: _event, recordedAt: _recordedAt, version: _version, ...fields } = RecordedEvent.fields;

/** A time as JSON has it: RFC 3339, in UTC. */
const Time = Schema.DateFromString;

/**
 * An event as it is stored, not brought up to date: the type's name, the version of its schema and its data. So operators can also
 * look at an event that this program cannot read.
 */
export const EventRecord = Schema.Struct({
  ...fields,
  version: Schema.Int.check(Schema.isGreaterThan(0)),
  type: Schema.String,
  data: Schema.Record(Schema.String, Schema.Unknown),
  recordedAt: Time,
});
export type EventRecord = typeof EventRecord.Type;

/** The event of a record, in today's version of its type. Throws a `StoredEventError` for what this program cannot read. */
export const toRecorded = ({ type, data, ...rest }: EventRecord): RecordedEvent => ({
  ...rest,
  event: fromStored({ type, schemaVersion: rest.schemaVersion, data }, rest.position),
});

/** An event as it is stored, its data still the text of a JSON object: for those who pass it on without a look inside. */
export interface RawEvent {
  readonly position: Position;
  readonly streamId: string;
  readonly version: number;
  readonly eventId: string;
  readonly type: string;
  readonly schemaVersion: number;
  readonly tenantId: string;
  readonly commandId: string;
  readonly correlationId: string;
  readonly causationId: string | null;
  readonly traceparent: string | null;
  readonly recordedAt: Date;
  readonly data: string;
}

/** What the log remembers of a handled command, as it is stored. */
export const ReceiptRecord = Schema.Struct({
  tenantId: fields.tenantId,
  commandId: fields.commandId,
  fingerprint: Schema.String,
  streamId: fields.streamId,
  /** The version of the stream, and the position of the log, that the command led to. */
  version: Schema.Int.check(Schema.isGreaterThanOrEqualTo(0)),
  position: fields.position,
  /** The encoded error of a command that was refused, else `null`. */
  rejection: Schema.Unknown,
  recordedAt: Time,
});
export type ReceiptRecord = typeof ReceiptRecord.Type;
