import { PgClient } from "@effect/sql-pg";
import { Effect, Layer, Schema } from "effect";
import { Statement } from "effect/sql";
import { Position } from "../../domain/event/RecordedEvent.ts";
import type { TenantId, UploadId } from "../../domain/Id.ts";
import { AnalysesProjection } from "../../services/projections/AnalysesProjection.ts";
import { ConversionsProjection } from "../../services/projections/ConversionsProjection.ts";
import type { Projection, ViewRow } from "../../services/projections/Projection.ts";
import { UploadsProjection } from "../../services/projections/UploadsProjection.ts";
import { type UploadFilter, Views, ViewsError } from "../../services/views/Views.ts";
import { tableOf, toRow } from "./ViewTable.ts";

/** How long a read waits for its own write, in milliseconds. */
const patience = 5_000;

/** The views that are read here. */
const names = [UploadsProjection, ConversionsProjection, AnalysesProjection].map(({ name }) => name);

const decodeReached = Schema.decodeUnknownSync(
  Schema.Tuple([Schema.Struct({ reached: Schema.NullOr(Position) })]),
);

/** Reads the views from their tables. */
export const layer = Layer.effect(
  Views,
  Effect.gen(function* () {
    const sql = yield* PgClient.PgClient;

    // Not interrupted when a client goes away: the queries are short, and cutting one off costs the session more than its end.
    const unavailable = <A, E, R>(self: Effect.Effect<A, E, R>) =>
      Effect.uninterruptible(
        Effect.mapError(self, (cause) => new ViewsError({ reason: { _tag: "Unavailable", cause } })),
      );

    /** Rows of a view by the rest of the query, which begins after `FROM`. */
    const find = <Row extends ViewRow>(projection: Projection<Row>) => {
      const decode = toRow(projection);
      const from = sql.literal(`${tableOf(projection)} view`);
      return (rest: Statement.Fragment) =>
        unavailable(
          Effect.map(sql`SELECT to_jsonb(view) AS row FROM ${from} ${rest}`, (rows) => rows.map(decode)),
        );
    };
    const findUploads = find(UploadsProjection);
    const findConversions = find(ConversionsProjection);
    const findAnalyses = find(AnalysesProjection);

    const reached = unavailable(
      Effect.map(
        // Views that are left over from another version of the program do not count, and one that is missing is nowhere yet.
        sql`SELECT CASE WHEN count(*) = ${names.length} THEN min(position) END::float8 AS reached
          FROM projections WHERE name = ANY(${names}::text[])`,
        (rows) => decodeReached(rows)[0].reached ?? Position.make(0),
      ),
    ).pipe(Effect.withTracerEnabled(false));

    const awaitPosition = Effect.fn("Views.awaitPosition")(function* (position: Position) {
      let waited = 0;
      for (let pause = 2;; pause = Math.min(pause * 2, 100)) {
        const now = yield* reached;
        if (now >= position) return;
        if (waited >= patience) {
          return yield* new ViewsError({ reason: { _tag: "Behind", position, reached: now } });
        }
        yield* Effect.sleep(pause);
        waited += pause;
      }
    });

    const first = <Row>(rows: ReadonlyArray<Row>): Row | null => rows[0] ?? null;

    const uploads = (tenantId: TenantId, filter: UploadFilter) => {
      const conditions = [sql`tenant_id = ${tenantId}`];
      if (filter.userId !== undefined) conditions.push(sql`user_id = ${filter.userId}`);
      if (filter.sessionId !== undefined) conditions.push(sql`session_id = ${filter.sessionId}`);
      conditions.push(
        filter.status === undefined ? sql`status <> 'deleted'` : sql`status = ${filter.status}`,
      );
      if (filter.search !== undefined) {
        conditions.push(sql`strpos(lower(filename), lower(${filter.search})) > 0`);
      }
      if (filter.after !== undefined) conditions.push(sql`id < ${filter.after}`);
      return findUploads(sql`WHERE ${sql.and(conditions)} ORDER BY id DESC LIMIT ${filter.limit}::bigint`);
    };

    return Views.of({
      awaitPosition,
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
          sql`WHERE tenant_id = ${tenantId} AND upload_id = ANY(${uploadIds}::text[]) ORDER BY id DESC`,
        ),
    });
  }),
);
