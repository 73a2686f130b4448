import { PgClient } from "@effect/sql-pg";
import { Effect, Layer, Schema, String } from "effect";
import { SqlError } from "effect/sql";
import { Position } from "../../domain/event/RecordedEvent.ts";
import type { Projection, ViewRow } from "../../services/projections/Projection.ts";
import { type Batch, ProjectionStoreError } from "../../services/projections/ProjectionStore.ts";
import { type Difference, Shadows, Verification } from "../../services/projections/Shadows.ts";
import { lockStart, startSlot } from "./SlotStart.ts";
import { sqlStateOf } from "./SqlState.ts";
import { promptly, viewErrors } from "./ViewErrors.ts";
import { foldInto } from "./ViewRows.ts";
import { tableOf } from "./ViewTable.ts";

/** How many differences are named. */
const sampleSize = 100;

const Checkpoint = Schema.Struct({ slot: Schema.String, position: Position });
const decodeCheckpoints = Schema.decodeUnknownSync(Schema.Array(Checkpoint));
const decodeUnderWay = Schema.decodeUnknownSync(Schema.Array(Schema.Struct({
  name: Schema.String,
  version: Schema.Int,
  slot: Schema.Literals(["rebuild", "verify"]),
})));
const decodeCount = Schema.decodeUnknownSync(Schema.Tuple([Schema.Struct({ count: Schema.Int })]));
const Json = Schema.NullOr(Schema.Record(Schema.String, Schema.Unknown));
const decodePairs = Schema.decodeUnknownSync(
  Schema.Array(Schema.Struct({ id: Schema.String, live: Json, rebuilt: Json, differences: Schema.Int })),
);
const encodeVerification = Schema.encodeSync(Schema.fromJsonString(Verification));
const decodeVerification = Schema.decodeUnknownSync(
  Schema.Array(Schema.Struct({ verification: Schema.NullOr(Verification) })),
);

/** Shadows as tables beside the live ones. */
export const layer = Layer.effect(
  Shadows,
  Effect.gen(function* () {
    const sql = yield* PgClient.PgClient;

    const underWay = sql`
      SELECT name, projections.version, slot FROM projections JOIN log_head USING (epoch)
      WHERE slot <> 'live' AND status = 'running'`.pipe(
      Effect.map(decodeUnderWay),
      Effect.withTracerEnabled(false),
      promptly,
    );

    const begin = <Row extends ViewRow>(projection: Projection<Row>, slot: "rebuild" | "verify") =>
      Effect.gen(function* () {
        const target = { projection, slot };
        yield* lockStart(sql, target);
        yield* startSlot(sql, target);
      }).pipe(sql.withTransaction, promptly);

    /**
     * The positions of the live view and of a shadow on this history, `null` without a shadow; both stand still to the end of the
     * transaction.
     */
    const hold = ({ name, version }: { readonly name: string; readonly version: number }, slot: string) =>
      Effect.flatMap(
        sql`
          SELECT slot, position::float8 FROM projections
          WHERE name = ${name} AND version = ${version} AND slot IN ('live', ${slot})
            AND epoch = (SELECT epoch FROM log_head) ORDER BY slot FOR UPDATE`,
        (rows) => {
          const found = new Map(decodeCheckpoints(rows).map(({ slot, position }) => [slot, position]));
          const [live, shadow] = [found.get("live"), found.get(slot)];
          if (shadow === undefined) return Effect.succeed(null);
          return live === undefined
            ? Effect.fail(
              new ProjectionStoreError({
                reason: "Unavailable",
                cause: new Error(`There is no live view of ${name} yet`),
              }),
            )
            : Effect.succeed({ live, shadow });
        },
      );

    const swap = <Row extends ViewRow>(projection: Projection<Row>) =>
      Effect.gen(function* () {
        const { name, version } = projection;
        // Whoever reads the view for long, a backup for instance, is waited for elsewhere: here new readers would queue behind.
        yield* sql`SET LOCAL lock_timeout = '200ms'`;
        const held = yield* hold(projection, "rebuild");
        if (held === null) return true;
        const { live, shadow } = held;
        if (shadow < live) return false;
        const table = tableOf({ projection, slot: "live" });
        yield* sql.unsafe(`DROP TABLE ${table}`);
        yield* sql.unsafe(`ALTER TABLE ${tableOf({ projection, slot: "rebuild" })} RENAME TO ${table}`);
        yield* sql`
          UPDATE projections SET position = ${shadow}::bigint, error = NULL, status = 'running', updated_at = now()
          WHERE name = ${name} AND version = ${version} AND slot = 'live'`;
        yield* sql`DELETE FROM projections WHERE name = ${name} AND version = ${version} AND slot = 'rebuild'`;
        yield* sql`
          DELETE FROM parked_events WHERE projection = ${name} AND version = ${version} AND position <= ${shadow}::bigint`;
        return true;
      }).pipe(
        sql.withTransaction,
        Effect.catchIf(isLockTimeout, () => Effect.as(Effect.sleep("1 second"), false)),
        promptly,
      );

    const compare = <Row extends ViewRow, E>(
      projection: Projection<Row>,
      read: (after: Position, limit: number) => Effect.Effect<Batch, E>,
    ) =>
      Effect.gen(function* () {
        const { name, version } = projection;
        const target = { projection, slot: "verify" } as const;
        const held = yield* hold(projection, "verify");
        if (held === null || held.shadow > held.live) return null;
        const { live, shadow } = held;
        for (let at = shadow; at < live;) {
          const { events, reached } = yield* read(at, Math.min(live - at, 1_024));
          yield* foldInto(sql, target, events);
          at = reached;
        }
        // One pass: the live view stands still meanwhile. The count is the same in every row.
        const found = decodePairs(
          yield* sql`
            SELECT id, to_jsonb(live) AS live, to_jsonb(rebuilt) AS rebuilt, count(*) OVER ()::float8 AS differences
            FROM ${sql.literal(tableOf({ projection, slot: "live" }))} live
              FULL JOIN ${sql.literal(tableOf(target))} rebuilt USING (id)
            WHERE to_jsonb(live) IS DISTINCT FROM to_jsonb(rebuilt) ORDER BY id LIMIT ${sampleSize}::bigint`,
        );
        const [{ count: rows }] = decodeCount(
          yield* sql`SELECT count(*)::float8 FROM ${sql.literal(tableOf(target))}`,
        );
        const verification: Verification = {
          position: live,
          rows,
          differences: found[0]?.differences ?? 0,
          sample: found.map(differenceOf),
          finishedAt: new Date(),
        };
        yield* sql`
          UPDATE projections SET verification = ${encodeVerification(verification)}::jsonb
          WHERE name = ${name} AND version = ${version} AND slot = 'live'`;
        yield* sql.unsafe(`DROP TABLE ${tableOf(target)}`);
        yield* sql`DELETE FROM projections WHERE name = ${name} AND version = ${version} AND slot = 'verify'`;
        return verification;
      }).pipe(
        sql.withTransaction,
        Effect.catchTag("SqlError", (error) => viewErrors(Effect.fail(error))),
      );

    const verification = ({ name, version }: { readonly name: string; readonly version: number }) =>
      promptly(Effect.map(
        sql`SELECT verification FROM projections WHERE name = ${name} AND version = ${version} AND slot = 'live'`,
        (rows) => decodeVerification(rows)[0]?.verification ?? null,
      ));

    return Shadows.of({ begin, underWay, swap, compare, verification });
  }),
);

/** Whether somebody else held a lock for too long. */
const isLockTimeout = (error: unknown): boolean =>
  SqlError.isSqlError(error) && sqlStateOf(error) === "55P03";

const differenceOf = ({ id, live, rebuilt }: ReturnType<typeof decodePairs>[number]): Difference => {
  if (live === null) return { id, kind: "missing", fields: [] };
  if (rebuilt === null) return { id, kind: "unexpected", fields: [] };
  const columns = Object.keys(live).filter((column) =>
    JSON.stringify(live[column]) !== JSON.stringify(rebuilt[column])
  );
  return { id, kind: "different", fields: columns.map(String.snakeToCamel) };
};
