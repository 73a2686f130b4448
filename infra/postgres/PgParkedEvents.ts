import { PgClient } from "@effect/sql-pg";
import { Effect, Layer, Schema } from "effect";
import { Position, type RecordedEvent } from "../../domain/event/RecordedEvent.ts";
import type { UnreadableEvent } from "../../services/EventStore.ts";
import type { Projection, ProjectionName, ViewRow } from "../../services/projections/Projection.ts";
import { ParkedEvent, ParkedEvents, type ParkedFilter } from "../../services/projections/ParkedEvents.ts";
import { parkRows } from "./ParkedRows.ts";
import { promptly } from "./ViewErrors.ts";
import { foldInto } from "./ViewRows.ts";

const decode = Schema.decodeUnknownSync(Schema.Array(Schema.Struct({ parked: ParkedEvent })));

/** The parked event as JSON, with the names of `ParkedEvent`. */
const asJson =
  `json_build_object('projection', projection, 'position', position, 'eventId', event_id, 'streamId', stream_id,
  'type', type, 'tenantId', tenant_id, 'traceparent', nullif(traceparent, ''), 'error', error, 'attempts', attempts,
  'parkedAt', parked_at) AS parked`;

/** Parked events in a table beside the checkpoints. */
export const layer = Layer.effect(
  ParkedEvents,
  Effect.gen(function* () {
    const sql = yield* PgClient.PgClient;
    const select = sql.literal(`SELECT ${asJson} FROM parked_events`);

    const park = <Row extends ViewRow>(
      projection: Projection<Row>,
      from: Position,
      event: RecordedEvent | UnreadableEvent,
      error: string,
    ) =>
      Effect.gen(function* () {
        const { name, version } = projection;
        const moved = yield* sql`
          UPDATE projections SET position = ${event.position}::bigint, updated_at = now(), error = NULL
          WHERE name = ${name} AND version = ${version} AND slot = 'live' AND position = ${from}::bigint AND NOT paused
            AND epoch = (SELECT epoch FROM log_head)
          RETURNING 1`;
        if (moved.length === 0) return false;
        yield* parkRows(sql, projection, [event], error);
        return true;
      }).pipe(sql.withTransaction, promptly);

    const list = (projections: ReadonlyArray<ProjectionName>, filter: ParkedFilter) => {
      const conditions = [
        sql`(projection, version) IN (
          SELECT * FROM unnest(${projections.map(({ name }) => name)}::text[], ${
          projections.map(({ version }) => version)
        }::integer[])
        )`,
        sql`position > ${filter.after}::bigint`,
      ];
      if (filter.streamId !== null) conditions.push(sql`stream_id = ${filter.streamId}`);
      return promptly(Effect.map(
        sql`${select} WHERE ${
          sql.and(conditions)
        } ORDER BY position, projection LIMIT ${filter.limit}::bigint`,
        (rows) => decode(rows).map(({ parked }) => parked),
      ));
    };

    const apply = <Row extends ViewRow>(projection: Projection<Row>, event: RecordedEvent) =>
      Effect.gen(function* () {
        const { name, version } = projection;
        // The live view stands still meanwhile: its next batch may change the same rows.
        yield* sql`
          SELECT FROM projections WHERE name = ${name} AND version = ${version} AND slot = 'live' FOR UPDATE`;
        const taken = yield* sql`
          DELETE FROM parked_events WHERE projection = ${name} AND version = ${version}
            AND position = ${event.position}::bigint RETURNING 1`;
        if (taken.length > 0) yield* foldInto(sql, { projection, slot: "live" }, [event]);
      }).pipe(sql.withTransaction, promptly);

    const failedAgain = <Row extends ViewRow>(
      { name, version }: Projection<Row>,
      position: Position,
      error: string,
    ) =>
      promptly(Effect.asVoid(sql`
        UPDATE parked_events SET error = ${error}, attempts = attempts + 1
        WHERE projection = ${name} AND version = ${version} AND position = ${position}::bigint`));

    const skip = <Row extends ViewRow>({ name, version }: Projection<Row>, position: Position) =>
      promptly(Effect.map(
        sql`
          DELETE FROM parked_events WHERE projection = ${name} AND version = ${version}
            AND position = ${position}::bigint RETURNING 1`,
        (rows) => rows.length > 0,
      ));

    return ParkedEvents.of({ park, list, apply, failedAgain, skip });
  }),
);
