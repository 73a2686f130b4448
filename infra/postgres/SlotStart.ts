import type { PgClient } from "@effect/sql-pg";
import { Effect } from "effect";
import type { ViewRow } from "../../services/projections/Projection.ts";
import type { Target } from "../../services/projections/ProjectionStore.ts";
import { tableDefinition, tableOf } from "./ViewTable.ts";

/** Lets one transaction at a time start a slot; the others wait for its end. */
export const lockStart = <Row extends ViewRow>(sql: PgClient.PgClient, target: Target<Row>) =>
  sql`SELECT pg_advisory_xact_lock(hashtextextended(${tableOf(target)}, 0))`;

/** Starts a slot from the first event of this history, with an empty table in the place of one that is there. */
export const startSlot = Effect.fnUntraced(
  function* <Row extends ViewRow>(sql: PgClient.PgClient, target: Target<Row>) {
    const { projection: { name, version }, slot } = target;
    // The checkpoint before the table, in the order of everyone else who locks them.
    yield* sql`DELETE FROM projections WHERE name = ${name} AND version = ${version} AND slot = ${slot}`;
    yield* Effect.forEach(tableDefinition(target), (statement) => sql.unsafe(statement), { discard: true });
    yield* sql`
      INSERT INTO projections (name, version, slot, epoch)
      SELECT ${name}, ${version}::integer, ${slot}, epoch FROM log_head`;
  },
);
