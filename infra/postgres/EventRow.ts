import { Predicate, Schema } from "effect";
import { RecordedEvent } from "../../domain/event/RecordedEvent.ts";
import { fromStored, StoredEventError } from "../../domain/event/StoredEvent.ts";
import type { StoredData } from "../../domain/event/Upcaster.ts";
import type { UnreadableEvent } from "../../services/EventStore.ts";

/** The columns of `events` as `toRecorded` reads them. 64-bit counters come as doubles, exact up to 2^53. */
export const columns = `position::float8 AS position, stream_id, version::float8 AS version, event_id, type,
  schema_version, tenant_id, command_id, correlation_id, causation_id, traceparent, data, recorded_at`;

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
