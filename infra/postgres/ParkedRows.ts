import type { PgClient } from "@effect/sql-pg";
import { Effect } from "effect";
import type { RecordedEvent } from "../../domain/event/RecordedEvent.ts";
import type { UnreadableEvent } from "../../services/EventStore.ts";

/** Writes events into the park of a projection; `error` is what they failed with, `null` if they wait behind another. */
export const parkRows = (
  sql: PgClient.PgClient,
  { name, version }: { readonly name: string; readonly version: number },
  events: ReadonlyArray<RecordedEvent | UnreadableEvent>,
  error: string | null,
) =>
  events.length === 0 ? Effect.void : Effect.asVoid(sql`
    INSERT INTO parked_events (projection, version, position, event_id, stream_id, type, tenant_id, traceparent, error,
      attempts)
    SELECT ${name}, ${version}::integer, parked.*, ${error}, ${error === null ? 0 : 1}::integer
    FROM unnest(
      ${events.map(({ position }) => String(position))}::bigint[],
      ${events.map(({ eventId }) => eventId)}::text[],
      ${events.map(({ streamId }) => streamId)}::text[],
      ${events.map(typeOf)}::text[],
      ${events.map(({ tenantId }) => tenantId)}::text[],
      ${events.map(({ traceparent }) => traceparent ?? "")}::text[]
    ) AS parked (position, event_id, stream_id, type, tenant_id, traceparent)`);

const typeOf = (event: RecordedEvent | UnreadableEvent): string =>
  "unreadable" in event ? event.type : event.event._tag;
