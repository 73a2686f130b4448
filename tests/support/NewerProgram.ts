import { PgClient } from "@effect/sql-pg";
import { Effect } from "effect";
import type { EventId, TenantId } from "../../domain/Id.ts";
import { newId } from "./Fixtures.ts";

/** Appends an event of a new stream to the log as another program would that knows other types and versions. Answers its id. */
export const appendForeign = Effect.fnUntraced(function* (
  tenantId: TenantId,
  { type, schemaVersion }: { readonly type: string; readonly schemaVersion: number },
): Effect.fn.Return<EventId, unknown, PgClient.PgClient> {
  const sql = yield* PgClient.PgClient;
  const eventId = newId("evt");
  const commandId = newId("cmd");
  yield* sql`
    WITH head AS (UPDATE log_head SET position = position + 1 RETURNING position)
    INSERT INTO events (position, stream_id, version, event_id, type, schema_version, tenant_id, command_id, correlation_id,
      causation_id, traceparent, data, recorded_at)
    SELECT position, ${`${tenantId}/${
    newId("upl")
  }`}, 1, ${eventId}, ${type}, ${schemaVersion}::integer, ${tenantId},
      ${commandId}, ${commandId}, NULL, NULL, ${`{"kilos": 12345678901234567890.5}`}::text::jsonb, now()
    FROM head`;
  return eventId;
});
