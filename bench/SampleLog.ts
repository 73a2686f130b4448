import { PgClient } from "@effect/sql-pg";
import { Effect } from "effect";
import type { DomainEvent } from "../domain/event/DomainEvent.ts";
import { toStored } from "../domain/event/StoredEvent.ts";
import { AnalysisId, ConversionId, TenantId, UploadId } from "../domain/Id.ts";
import {
  analysisOf,
  conversionOf,
  media,
  receivedBy,
  renderedOf,
  reportOn,
} from "../tests/support/Fixtures.ts";

/** The tenant of every event that the benchmarks write. */
export const tenant = TenantId.make("acme");

/** The digits of every id in the template; SQL replaces them by a number of as many digits. */
const digits = "0".repeat(26);

const uploadId = UploadId.make(`upl_${digits}`);
const conversionId = ConversionId.make(`cnv_${digits}`);
const analysisId = AnalysisId.make(`anl_${digits}`);
const received = receivedBy(tenant, { uploadId });
const conversion = conversionOf(received, conversionId);
const report = reportOn({ tenantId: tenant, userId: received.userId, uploadId }, analysisId);

/** What happens to one upload that is converted and analysed: its events in order, each with its stream and version. */
const life: ReadonlyArray<readonly [actorId: string, version: number, event: DomainEvent]> = [
  [uploadId, 1, received],
  [uploadId, 2, { _tag: "UploadReady", uploadId, media }],
  [conversionId, 1, conversion],
  [analysisId, 1, analysisOf(received, analysisId)],
  [conversionId, 2, { _tag: "ConversionStarted", conversionId, attempt: 1 }],
  [analysisId, 2, { _tag: "AnalysisStarted", analysisId, attempt: 1 }],
  [conversionId, 3, {
    _tag: "ConversionCompleted",
    conversionId,
    outputs: [renderedOf(tenant, conversion)],
    failed: [],
    encoder: "ffmpeg 7.1.1",
  }],
  [analysisId, 3, { _tag: "AnalysisCompleted", analysisId, report }],
];

/** How many events each life has. */
export const eventsPerLife = life.length;

/** The stream of the upload that the sample log's `number`th life, counted from 1, is about. */
export const uploadStream = (number: number): string => `${tenant}/upl_${String(number).padStart(26, "0")}`;

/**
 * Fills an empty log with `count` events of whole lives, past the store: as the store would have written them, with dense
 * positions, and with a receipt for each.
 */
export const fillLog = Effect.fnUntraced(function* (count: number) {
  const sql = yield* PgClient.PgClient;
  const template = life.map(([actorId, version, event], index) => {
    const { type, schemaVersion, data } = toStored(event);
    return {
      place: index + 1,
      stream: `${tenant}/${actorId}`,
      version,
      type,
      schemaVersion,
      data: JSON.stringify(data),
    };
  });
  const lives = Math.ceil(count / life.length);
  yield* sql`
    INSERT INTO events (position, stream_id, version, event_id, type, schema_version, tenant_id, command_id, correlation_id,
      causation_id, traceparent, data, recorded_at)
    SELECT ${life.length}::bigint * (life - 1) + place, replace(stream, ${digits}, number), version,
      'evt_' || lpad((${life.length}::bigint * life + place)::text, 26, '0'), type, "schemaVersion", ${tenant}::text,
      'cmd_' || lpad((${life.length}::bigint * life + place)::text, 26, '0'), 'cmd_' || number, NULL,
      '00-' || lpad(number, 32, '1') || '-' || lpad(number, 16, '1') || '-01', replace(data, ${digits}, number)::jsonb,
      timestamptz '2026-01-01 00:00:00.123Z' + life * interval '1 second'
    FROM generate_series(1, ${lives}::bigint) life, LATERAL (SELECT lpad(life::text, 26, '0') AS number) numbers,
      jsonb_to_recordset(${
    JSON.stringify(template)
  }::text::jsonb) AS template(place int, stream text, version bigint, type text,
        "schemaVersion" int, data text)
    ORDER BY 1`;
  yield* sql`
    INSERT INTO command_receipts (tenant_id, command_id, fingerprint, stream_id, version, position, rejection, recorded_at)
    SELECT tenant_id, command_id, repeat('0', 64), stream_id, version, position, NULL, recorded_at FROM events ORDER BY position`;
  yield* sql`UPDATE log_head SET position = ${lives * life.length}::bigint`;
  yield* sql`VACUUM ANALYZE`;
});
