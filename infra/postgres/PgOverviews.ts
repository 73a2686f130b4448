import { PgClient } from "@effect/sql-pg";
import { Effect, Layer, Schema, String } from "effect";
import type { TenantId } from "../../domain/Id.ts";
import { JobsProjection } from "../../services/projections/JobsProjection.ts";
import { Amounts, StorageUsageProjection } from "../../services/projections/StorageUsageProjection.ts";
import { ThroughputProjection } from "../../services/projections/ThroughputProjection.ts";
import { type JobFilter, Overviews } from "../../services/views/Overviews.ts";
import { tableOf } from "./ViewTable.ts";
import { awaiterOf, finderIn, unavailable } from "./ViewReader.ts";

const decodeAmounts = Schema.decodeUnknownSync(Schema.Tuple([Amounts]));

/** Reads jobs, storage usage and throughput from their tables. */
export const layer = Layer.effect(
  Overviews,
  Effect.gen(function* () {
    const sql = yield* PgClient.PgClient;
    const findJobs = finderIn(sql, JobsProjection);
    const findUsage = finderIn(sql, StorageUsageProjection);
    const findHours = finderIn(sql, ThroughputProjection);
    const usageTable = sql.literal(tableOf({ projection: StorageUsageProjection, slot: "live" }));
    const sums = sql.literal(
      Object.keys(Amounts.fields)
        .map((field) => `coalesce(sum(${String.camelToSnake(field)}), 0)::float8 AS "${field}"`).join(", "),
    );
    const jobTable = sql.literal(tableOf({ projection: JobsProjection, slot: "live" }));

    const jobs = (tenantId: TenantId, filter: JobFilter) => {
      const conditions = [sql`tenant_id = ${tenantId}`];
      if (filter.kind !== undefined) conditions.push(sql`kind = ${filter.kind}`);
      if (filter.status !== undefined) conditions.push(sql`status = ${filter.status}`);
      if (filter.uploadId !== undefined) conditions.push(sql`upload_id = ${filter.uploadId}`);
      if (filter.after !== undefined) {
        conditions.push(sql`
          (queued_at, id) < (SELECT queued_at, id FROM ${jobTable} WHERE id = ${filter.after} AND tenant_id = ${tenantId})`);
      }
      return findJobs(
        sql`WHERE ${sql.and(conditions)} ORDER BY queued_at DESC, id DESC LIMIT ${filter.limit}::bigint`,
      );
    };

    const usersOf = (tenantId: TenantId, userId: string | undefined) => {
      const conditions = [sql`tenant_id = ${tenantId}`, sql`upload_id IS NULL`];
      if (userId !== undefined) conditions.push(sql`user_id = ${userId}`);
      return sql.and(conditions);
    };

    return Overviews.of({
      awaitPosition: awaiterOf(sql, [JobsProjection, StorageUsageProjection, ThroughputProjection]),
      jobs,
      job: (tenantId, id) =>
        Effect.map(
          findJobs(sql`WHERE id = ${id} AND tenant_id = ${tenantId}`),
          ([found]) => found ?? null,
        ),
      storageUsage: (tenantId, { userId, after, limit }) => {
        const conditions = [usersOf(tenantId, userId)];
        if (after !== undefined) conditions.push(sql`user_id > ${after}`);
        return findUsage(sql`WHERE ${sql.and(conditions)} ORDER BY user_id LIMIT ${limit}::bigint`);
      },
      storageInAll: (tenantId, userId) =>
        unavailable(Effect.map(
          sql`SELECT ${sums} FROM ${usageTable} WHERE ${usersOf(tenantId, userId)}`,
          (rows) => decodeAmounts(rows)[0],
        )),
      throughput: (tenantId, since) =>
        findHours(
          sql`WHERE tenant_id = ${tenantId} AND hour >= ${since.toISOString()}::timestamptz ORDER BY hour`,
        ),
    });
  }),
);
