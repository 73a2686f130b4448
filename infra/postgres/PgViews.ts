import { PgClient } from "@effect/sql-pg";
import { Effect, Layer } from "effect";
import type { TenantId, UploadId } from "../../domain/Id.ts";
import { foldCase } from "../../domain/upload/CaseFolding.ts";
import { AnalysesProjection } from "../../services/projections/AnalysesProjection.ts";
import { ConversionsProjection } from "../../services/projections/ConversionsProjection.ts";
import { UploadsProjection } from "../../services/projections/UploadsProjection.ts";
import { type UploadFilter, Views } from "../../services/views/Views.ts";
import { awaiterOf, finderIn } from "./ViewReader.ts";
import { tableOf } from "./ViewTable.ts";

/** Reads uploads, conversions and analyses from their tables. */
export const layer = Layer.effect(
  Views,
  Effect.gen(function* () {
    const sql = yield* PgClient.PgClient;
    const findUploads = finderIn(sql, UploadsProjection);
    const findConversions = finderIn(sql, ConversionsProjection);
    const findAnalyses = finderIn(sql, AnalysesProjection);
    const analyses = sql.literal(tableOf({ projection: AnalysesProjection, slot: "live" }));

    const first = <Row>(rows: ReadonlyArray<Row>): Row | null => rows[0] ?? null;

    const uploads = (tenantId: TenantId, filter: UploadFilter) => {
      const conditions = [sql`tenant_id = ${tenantId}`];
      if (filter.userId !== undefined) conditions.push(sql`user_id = ${filter.userId}`);
      if (filter.sessionId !== undefined) conditions.push(sql`session_id = ${filter.sessionId}`);
      conditions.push(
        filter.status === undefined ? sql`status <> 'deleted'` : sql`status = ${filter.status}`,
      );
      if (filter.search !== undefined) {
        conditions.push(sql`strpos(folded_name, ${foldCase(filter.search)}) > 0`);
      }
      if (filter.after !== undefined) conditions.push(sql`id < ${filter.after}`);
      return findUploads(sql`WHERE ${sql.and(conditions)} ORDER BY id DESC LIMIT ${filter.limit}::bigint`);
    };

    return Views.of({
      awaitPosition: awaiterOf(sql, [UploadsProjection, ConversionsProjection, AnalysesProjection]),
      uploads,
      upload: (tenantId, id) =>
        Effect.map(findUploads(sql`WHERE id = ${id} AND tenant_id = ${tenantId}`), first),
      conversion: (tenantId, id) =>
        Effect.map(findConversions(sql`WHERE id = ${id} AND tenant_id = ${tenantId}`), first),
      conversionsOf: (tenantId: TenantId, uploadIds: ReadonlyArray<UploadId>) =>
        findConversions(
          sql`WHERE tenant_id = ${tenantId} AND upload_id = ANY(${uploadIds}::text[]) ORDER BY id`,
        ),
      analysesOf: (tenantId: TenantId, uploadIds: ReadonlyArray<UploadId>) =>
        findAnalyses(
          sql`WHERE tenant_id = ${tenantId} AND upload_id = ANY(${uploadIds}::text[]) AND (
              status IN ('queued', 'running') OR NOT EXISTS (
                SELECT FROM ${analyses} later
                WHERE later.tenant_id = view.tenant_id AND later.upload_id = view.upload_id AND later.id > view.id
                  AND later.status = 'completed'
              )
            ) ORDER BY id DESC`,
        ),
    });
  }),
);
