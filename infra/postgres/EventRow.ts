import { Predicate, Schema } from "effect";
import { RecordedEvent } from "../../domain/event/RecordedEvent.ts";
import { fromStored, StoredEventError } from "../../domain/event/StoredEvent.ts";
import type { StoredData } from "../../domain/event/Upcaster.ts";
import { EventRecord, type RawEvent } from "../../services/EventRecord.ts";
import type { UnreadableEvent } from "../../services/EventStore.ts";

/** The columns of `events` but for `data`, under the names of `RecordedEvent`. 64-bit counters come as doubles, exact up to 2^53. */
const envelope = `events.position::float8 AS position, stream_id AS "streamId", version::float8 AS version,
  event_id AS "eventId", type, schema_version AS "schemaVersion", tenant_id AS "tenantId", command_id AS "commandId",
  correlation_id AS "correlationId", causation_id AS "causationId", traceparent, recorded_at AS "recordedAt"`;

/** The columns of `events` as `toRecorded` and `toRecord` read them. */
export const columns = `${envelope}, data`;

/** The columns of `events` as `toRaw` reads them. */
export const rawColumns = `${envelope}, data::text AS data`;

const { event: _event, ...fields } = RecordedEvent.fields;

const decode = Schema.decodeUnknownSync(
  Schema.Struct({ ...fields, type: Schema.String, data: Schema.Unknown }),
);

const isData = (data: unknown): data is StoredData => Predicate.isObject(data);

/** The event of a row; throws a `StoredEventError` for one that this program cannot read. */
export const toRecorded = (row: unknown): RecordedEvent => {
  const { type, data, ...rest } = decode(row);
  const { schemaVersion, position } = rest;
  if (!isData(data)) {
    const detail = "its fields are not a JSON object";
    throw new StoredEventError({ reason: "Invalid", type, schemaVersion, position, detail });
  }
  return { ...rest, event: fromStored({ type, schemaVersion, data }, position) };
};

/** The event of a row, or what can be told of it if this program cannot read it. */
export const toReadable = (row: unknown): RecordedEvent | UnreadableEvent => {
  try {
    return toRecorded(row);
  } catch (error) {
    if (!(error instanceof StoredEventError)) throw error;
    const { position, streamId, eventId, type, tenantId, traceparent } = decode(row);
    return { unreadable: error, position, streamId, eventId, type, tenantId, traceparent };
  }
};

/** The event of a row of `rawColumns`, as it is. */
export const toRaw: (row: unknown) => RawEvent = Schema.decodeUnknownSync(
  Schema.Struct({ ...fields, type: Schema.String, data: Schema.String }),
);

/** The event of a row, as operators see it. */
export const toRecord: (row: unknown) => EventRecord = Schema.decodeUnknownSync(
  Schema.Struct({ ...EventRecord.fields, recordedAt: fields.recordedAt }),
);
