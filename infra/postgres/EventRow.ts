import { Predicate, Schema } from "effect";
import { RecordedEvent } from "../../domain/event/RecordedEvent.ts";
import { fromStored, StoredEventError } from "../../domain/event/StoredEvent.ts";
import type { StoredData } from "../../domain/event/Upcaster.ts";
import type { RawEvent } from "../../services/EventRecord.ts";
import type { UnreadableEvent } from "../../services/EventStore.ts";

/** The columns of `events` as `toRecorded` reads them. 64-bit counters come as doubles, exact up to 2^53. */
export const columns = `position::float8 AS position, stream_id, version::float8 AS version, event_id, type,
  schema_version, tenant_id, command_id, correlation_id, causation_id, traceparent, data, recorded_at`;

/** The columns of `events` as `toRaw` reads them. */
export const rawColumns = `position::float8 AS position, stream_id AS "streamId", version::float8 AS version,
  event_id AS "eventId", type, schema_version AS "schemaVersion", tenant_id AS "tenantId", command_id AS "commandId",
  correlation_id AS "correlationId", causation_id AS "causationId", traceparent, recorded_at AS "recordedAt",
  data::text AS data`;

const { position, streamId, version, eventId, schemaVersion, tenantId, ...context } = RecordedEvent.fields;

const decode = Schema.decodeUnknownSync(Schema.Struct({
  position,
  stream_id: streamId,
  version,
  event_id: eventId,
  type: Schema.String,
  schema_version: schemaVersion,
  tenant_id: tenantId,
  command_id: context.commandId,
  correlation_id: context.correlationId,
  causation_id: context.causationId,
  traceparent: context.traceparent,
  data: Schema.Unknown,
  recorded_at: context.recordedAt,
}));

const isData = (data: unknown): data is StoredData => Predicate.isObject(data);

/** The event of a row; throws a `StoredEventError` for one that this program cannot read. */
export const toRecorded = (row: unknown): RecordedEvent => {
  const { type, data, schema_version: schemaVersion, position, ...rest } = decode(row);
  if (!isData(data)) {
    const detail = "its fields are not a JSON object";
    throw new StoredEventError({ reason: "Invalid", type, schemaVersion, position, detail });
  }
  return {
    position,
    streamId: rest.stream_id,
    version: rest.version,
    eventId: rest.event_id,
    schemaVersion,
    tenantId: rest.tenant_id,
    commandId: rest.command_id,
    correlationId: rest.correlation_id,
    causationId: rest.causation_id,
    traceparent: rest.traceparent,
    recordedAt: rest.recorded_at,
    event: fromStored({ type, schemaVersion, data }, position),
  };
};

/** The event of a row, or what can be told of it if this program cannot read it. */
export const toReadable = (row: unknown): RecordedEvent | UnreadableEvent => {
  try {
    return toRecorded(row);
  } catch (error) {
    if (!(error instanceof StoredEventError)) throw error;
    const { position, stream_id: streamId, event_id: eventId, type, tenant_id: tenantId, traceparent } =
      decode(
        row,
      );
    return { unreadable: error, position, streamId, eventId, type, tenantId, traceparent };
  }
};

/** The event of a row of `rawColumns`, as it is. */
export const toRaw: (row: unknown) => RawEvent = Schema.decodeUnknownSync(Schema.Struct({
  position,
  streamId,
  version,
  eventId,
  type: Schema.String,
  schemaVersion,
  tenantId,
  commandId: context.commandId,
  correlationId: context.correlationId,
  causationId: context.causationId,
  traceparent: context.traceparent,
  recordedAt: context.recordedAt,
  data: Schema.String,
}));
