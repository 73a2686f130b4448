import { PgClient } from "@effect/sql-pg";
import { Effect, Layer, Schema } from "effect";
import { Position, type RecordedEvent } from "../../domain/event/RecordedEvent.ts";
import type { ProjectionName, ViewRow } from "../../services/projections/Projection.ts";
import {
  type Batch,
  ProjectionStore,
  SlotState,
  type Target,
} from "../../services/projections/ProjectionStore.ts";
import { parkRows } from "./ParkedRows.ts";
import { lockStart, startSlot } from "./SlotStart.ts";
import { promptly } from "./ViewErrors.ts";
import { foldInto } from "./ViewRows.ts";

const decodeCheckpoints = Schema.decodeUnknownSync(
  Schema.Array(Schema.Struct({ position: Position, paused: Schema.Boolean })),
);
const decodeMoved = Schema.decodeUnknownSync(Schema.Array(Schema.Struct({ has_parked: Schema.Boolean })));
const decodeStreams = Schema.decodeUnknownSync(Schema.Array(Schema.Struct({ stream_id: Schema.String })));
const decodeStates = Schema.decodeUnknownSync(Schema.Array(SlotState));

/** Views as Postgres tables. A batch is folded in memory and written by one statement. */
export const layer = Layer.effect(
  ProjectionStore,
  Effect.gen(function* () {
    const sql = yield* PgClient.PgClient;

    const checkpoint = (
      { projection, slot }: { readonly projection: ProjectionName; readonly slot: string },
    ) =>
      Effect.map(
        sql`
          SELECT projections.position::float8, paused FROM projections JOIN log_head USING (epoch)
          WHERE name = ${projection.name} AND version = ${projection.version} AND slot = ${slot}`,
        (rows) => decodeCheckpoints(rows)[0],
      );

    const create = <Row extends ViewRow>(target: Target<Row>) =>
      Effect.gen(function* () {
        // Of several processes that start at once, one creates the table.
        yield* lockStart(sql, target);
        const known = yield* checkpoint(target);
        if (known) return known;
        const { name, version } = target.projection;
        yield* startSlot(sql, target);
        yield* sql`DELETE FROM parked_events WHERE projection = ${name} AND version = ${version}`;
        return { position: Position.make(0), paused: false };
      }).pipe(sql.withTransaction);

    const prepare = <Row extends ViewRow>(target: Target<Row>) =>
      Effect.flatMap(
        checkpoint(target),
        (known) =>
          known ? Effect.succeed(known) : target.slot === "live" ? create(target) : Effect.succeed(null),
      ).pipe(
        Effect.withTracerEnabled(false),
        promptly,
      );

    const slots = ({ name, version }: ProjectionName) =>
      sql`
        SELECT slot, projections.position::float8, paused, status, error, events_per_second AS "eventsPerSecond",
          CASE slot WHEN 'live' THEN (
            SELECT count(*) FROM parked_events WHERE projection = name AND parked_events.version = projections.version
          ) ELSE 0 END::float8 AS parked, to_json(started_at) AS "startedAt", to_json(updated_at) AS "updatedAt",
          to_json(events.recorded_at) AS "nextRecordedAt"
        FROM projections LEFT JOIN events ON events.position = projections.position + 1
        WHERE name = ${name} AND projections.version = ${version} AND epoch = (SELECT epoch FROM log_head)
        ORDER BY slot`.pipe(Effect.map(decodeStates), Effect.withTracerEnabled(false), promptly);

    const apply = <Row extends ViewRow>(
      target: Target<Row>,
      from: Position,
      { events, reached }: Batch,
      eventsPerSecond: number,
    ) =>
      Effect.gen(function* () {
        const { projection: { name, version }, slot } = target;
        const moved = decodeMoved(
          yield* sql`
            UPDATE projections SET position = ${reached}::bigint, events_per_second = ${eventsPerSecond}::float8,
              updated_at = now(), error = NULL
            WHERE name = ${name} AND version = ${version} AND slot = ${slot} AND position = ${from}::bigint
              AND NOT paused AND epoch = (SELECT epoch FROM log_head)
            RETURNING EXISTS (
              SELECT FROM parked_events WHERE projection = ${name} AND parked_events.version = ${version}
            ) AS has_parked`,
        );
        if (moved[0] === undefined) return false;
        const isHeldUp = slot === "live" && moved[0].has_parked;
        yield* foldInto(sql, target, isHeldUp ? yield* parkBehind(target.projection, events) : events);
        return true;
      }).pipe(sql.withTransaction, promptly);

    /** Parks the events of streams that have parked ones, and returns the others. */
    const parkBehind = Effect.fnUntraced(
      function* (projection: ProjectionName, events: ReadonlyArray<RecordedEvent>) {
        const streams = [...new Set(events.map(({ streamId }) => streamId))];
        const held = new Set(
          decodeStreams(
            yield* sql`
            SELECT DISTINCT stream_id FROM parked_events WHERE projection = ${projection.name}
              AND version = ${projection.version} AND stream_id = ANY(${streams}::text[])`,
          ).map(({ stream_id }) => stream_id),
        );
        const behind = events.filter(({ streamId }) => held.has(streamId));
        yield* parkRows(sql, projection, behind, null);
        return events.filter(({ streamId }) => !held.has(streamId));
      },
    );

    const noteFailure = <Row extends ViewRow>(
      { projection: { name, version }, slot }: Target<Row>,
      error: string,
      over: boolean,
    ) =>
      Effect.asVoid(sql`
        UPDATE projections SET error = ${error}, status = CASE WHEN ${over} THEN 'failed' ELSE status END, updated_at = now()
        WHERE name = ${name} AND version = ${version} AND slot = ${slot}`).pipe(
        Effect.withTracerEnabled(false),
        promptly,
      );

    const pause = ({ name, version }: ProjectionName, paused: boolean) =>
      Effect.asVoid(sql`
        UPDATE projections SET paused = ${paused} WHERE name = ${name} AND version = ${version} AND slot = 'live'`)
        .pipe(promptly);

    return ProjectionStore.of({ prepare, slots, apply, noteFailure, pause });
  }),
);
