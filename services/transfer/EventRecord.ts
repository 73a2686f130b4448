import { Schema } from "effect";
import { RecordedEvent } from "../../domain/event/RecordedEvent.ts";

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
