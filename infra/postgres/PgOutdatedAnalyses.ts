import { PgClient } from "@effect/sql-pg";
import { Effect, Layer, Schema } from "effect";
import { AnalysesProjection } from "../../services/projections/AnalysesProjection.ts";
import { UploadsProjection } from "../../services/projections/UploadsProjection.ts";
import {
  OutdatedAnalyses,
  OutdatedAnalysis,
  type OutdatedFilter,
} from "../../services/views/OutdatedAnalyses.ts";
import { awaiterOf, unavailable } from "./ViewReader.ts";
import { tableOf } from "./ViewTable.ts";

const decodeRows = Schema.decodeUnknownSync(Schema.Array(Schema.Struct({ row: OutdatedAnalysis })));
const decodeCount = Schema.decodeUnknownSync(Schema.Tuple([Schema.Struct({ count: Schema.Int })]));

/** Reads them from the tables of analyses and uploads. A search goes backwards along the index of analyses, as far as it has to. */
export const layer = Layer.effect(
  OutdatedAnalyses,
  Effect.gen(function* () {
    const sql = yield* PgClient.PgClient;
    const analyses = sql.literal(tableOf({ projection: AnalysesProjection, slot: "live" }));
    const uploads = sql.literal(tableOf({ projection: UploadsProjection, slot: "live" }));

    const outdated = ({ versions, tenantId, after }: OutdatedFilter) => {
      const conditions = [sql`status = 'completed'`];
      if (tenantId !== undefined) conditions.push(sql`tenant_id = ${tenantId}`);
      if (after !== undefined) {
        conditions.push(sql`(tenant_id, upload_id) < (${after.tenantId}, ${after.uploadId})`);
      }
      return sql`
        FROM (
          SELECT DISTINCT ON (tenant_id, upload_id) tenant_id, upload_id, report FROM ${analyses} WHERE ${
        sql.and(conditions)
      }
          ORDER BY tenant_id DESC, upload_id DESC, id DESC
        ) newest,
        LATERAL (
          SELECT jsonb_agg(wanted.key ORDER BY wanted.key) AS parts
          FROM jsonb_each_text(${JSON.stringify(versions)}::jsonb) wanted
          WHERE coalesce((newest.report->'analyserVersion'->>wanted.key)::integer, 0) < wanted.value::integer
        ) old
        WHERE old.parts IS NOT NULL
          AND EXISTS (SELECT FROM ${uploads} upload WHERE upload.id = newest.upload_id AND upload.status = 'ready')
          AND NOT EXISTS (
            SELECT FROM ${analyses} other
            WHERE other.tenant_id = newest.tenant_id AND other.upload_id = newest.upload_id AND other.status IN ('queued', 'running')
          )`;
    };

    return OutdatedAnalyses.of({
      awaitPosition: awaiterOf(sql, [UploadsProjection, AnalysesProjection]),
      find: (filter, limit) =>
        unavailable(Effect.map(
          sql`
            SELECT jsonb_build_object('tenantId', tenant_id, 'uploadId', upload_id, 'parts', parts) AS row ${
            outdated(filter)
          } ORDER BY tenant_id DESC, upload_id DESC LIMIT ${limit}::bigint`,
          (rows) => decodeRows(rows).map(({ row }) => row),
        )),
      count: (filter) =>
        unavailable(
          Effect.map(sql`SELECT count(*)::float8 AS count ${outdated(filter)}`, (rows) =>
            decodeCount(rows)[0].count),
        ),
      active: unavailable(
        Effect.map(
          sql`SELECT count(*)::float8 AS count FROM ${analyses} WHERE status IN ('queued', 'running')`,
          (rows) => decodeCount(rows)[0].count,
        ),
      ),
    });
  }),
);
