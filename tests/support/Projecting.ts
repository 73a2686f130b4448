import { PgClient } from "@effect/sql-pg";
import { layer } from "@effect/vitest";
import { Context, Effect, Exit, Layer, Logger, References, Schema, Scope } from "effect";
import type { DomainEvent } from "../../domain/event/DomainEvent.ts";
import type { Position } from "../../domain/event/RecordedEvent.ts";
import type { TenantId } from "../../domain/Id.ts";
import * as PgEventStore from "../../infra/postgres/PgEventStore.ts";
import * as PgOverviews from "../../infra/postgres/PgOverviews.ts";
import * as PgParkedEvents from "../../infra/postgres/PgParkedEvents.ts";
import * as PgProjectionStore from "../../infra/postgres/PgProjectionStore.ts";
import * as PgShadows from "../../infra/postgres/PgShadows.ts";
import * as PgViews from "../../infra/postgres/PgViews.ts";
import { tableOf, toRow } from "../../infra/postgres/ViewTable.ts";
import { EventStore } from "../../services/EventStore.ts";
import { ParkedEvents } from "../../services/projections/ParkedEvents.ts";
import type { Projection, ViewRow } from "../../services/projections/Projection.ts";
import { ProjectionControl, type ProjectionStatus } from "../../services/projections/ProjectionControl.ts";
import * as ProjectionRunner from "../../services/projections/ProjectionRunner.ts";
import { withProjection } from "../../services/projections/Projections.ts";
import { ProjectionStore } from "../../services/projections/ProjectionStore.ts";
import { Shadows } from "../../services/projections/Shadows.ts";
import { Overviews } from "../../services/views/Overviews.ts";
import { Views } from "../../services/views/Views.ts";
import { client } from "./Databases.ts";
import { appendOf, newTenant } from "./Fixtures.ts";
import { TestDatabase } from "./TestDatabase.ts";

/** What a process that runs projections stands on; a test may put something of its own before a part. */
interface Parts {
  readonly log: EventStore["Service"];
  readonly store: ProjectionStore["Service"];
}

/** A log with views, and those who run and operate them. */
export interface Projecting extends Parts {
  readonly shadows: Shadows["Service"];
  readonly parked: ParkedEvents["Service"];
  readonly control: ProjectionControl["Service"];
  readonly views: Views["Service"];
  readonly overviews: Overviews["Service"];
  readonly sql: PgClient.PgClient;
  readonly tenantId: TenantId;
  /** Runs every projection, as one process would, until the effect that it answers is run. What it logs comes into `messages`. */
  readonly start: (
    parts?: Partial<Parts>,
    messages?: Array<string>,
  ) => Effect.Effect<Effect.Effect<void>, unknown, Scope.Scope>;
  /** Appends events to the end of a new stream; answers the position of the last. */
  readonly append: (
    events: ReadonlyArray<DomainEvent>,
    traceparent?: string,
  ) => Effect.Effect<Position, unknown>;
  /** Waits until every view has applied or parked the whole log. */
  readonly caughtUp: Effect.Effect<void, unknown>;
  /** The status of a projection, as soon as it is such. */
  readonly when: (
    name: string,
    is: (status: ProjectionStatus) => boolean,
  ) => Effect.Effect<ProjectionStatus, unknown>;
  readonly rowsOf: <Row extends ViewRow>(
    projection: Projection<Row>,
  ) => Effect.Effect<ReadonlyArray<Row>, unknown>;
  /** Names the live table itself, whatever is put in its place later. */
  readonly tableId: (name: string) => Effect.Effect<number, unknown>;
}

const decodeOid = Schema.decodeUnknownSync(Schema.Tuple([Schema.Struct({ oid: Schema.Int })]));

const adapters = Layer.mergeAll(
  PgEventStore.layer({ callsInFlight: 2 }),
  PgProjectionStore.layer,
  PgShadows.layer,
  PgParkedEvents.layer,
  PgViews.layer,
  PgOverviews.layer,
);
const database = ProjectionControl.layer.pipe(
  Layer.provideMerge(adapters),
  Layer.provideMerge(client),
  Layer.provide(TestDatabase.unflushed),
);

/** Asks again and again until the answer is such. */
export const until = <A, E, R>(
  ask: Effect.Effect<A, E, R>,
  is: (answer: A) => boolean,
): Effect.Effect<A, E, R> =>
  Effect.flatMap(
    ask,
    (answer) =>
      is(answer) ? Effect.succeed(answer) : Effect.andThen(Effect.sleep("5 millis"), until(ask, is)),
  );

const projecting = Effect.gen(function* () {
  const [log, store, shadows] = [yield* EventStore, yield* ProjectionStore, yield* Shadows];
  const [parked, control, sql] = [yield* ParkedEvents, yield* ProjectionControl, yield* PgClient.PgClient];
  const tenantId = newTenant();
  const others = Context.pick(ParkedEvents, Shadows)(yield* Effect.context<ParkedEvents | Shadows>());
  let streams = 0;
  const given: Projecting = {
    log,
    store,
    shadows,
    parked,
    control,
    sql,
    tenantId,
    views: yield* Views,
    overviews: yield* Overviews,
    start: Effect.fnUntraced(function* (parts = {}, messages = []) {
      const scope = yield* Effect.acquireRelease(Scope.make(), (scope) => Scope.close(scope, Exit.void));
      const logger = Logger.make(({ message }) => messages.push(String(message)));
      yield* Layer.buildWithScope(Layer.fresh(ProjectionRunner.layer), scope).pipe(
        Effect.provideService(EventStore, parts.log ?? log),
        Effect.provideService(ProjectionStore, parts.store ?? store),
        Effect.provideContext(others),
        Effect.provide(Logger.layer([logger])),
        Effect.provideService(References.MinimumLogLevel, "Info"),
      );
      return Scope.close(scope, Exit.void);
    }),
    append: Effect.fnUntraced(function* (events, traceparent) {
      const stream = `${tenantId}/${streams++}`;
      yield* log.append(appendOf(tenantId, stream, 0, events, { traceparent: traceparent ?? null }));
      return yield* log.head;
    }),
    caughtUp: Effect.flatMap(
      log.head,
      (head) => until(control.list, (all) => all.every(({ position }) => position >= head)),
    ),
    when: (name, is) => until(control.status(name), is),
    rowsOf: (projection) =>
      Effect.map(
        sql.unsafe(
          `SELECT to_jsonb(view) AS row FROM ${
            tableOf({ projection, slot: "live" })
          } view ORDER BY id COLLATE "C"`,
        ),
        (rows) => rows.map(toRow(projection)),
      ),
    tableId: (name) =>
      Effect.map(
        sql`SELECT ${
          withProjection(name, (projection) => tableOf({ projection, slot: "live" })) ?? name
        }::regclass::oid::bigint::float8 AS oid`,
        (rows) => decodeOid(rows)[0].oid,
      ),
  };
  return given;
});

/** Registers tests of projections that run, on a log of their own that they share. */
export const projectingTests = (
  name: string,
  register: (
    test: (
      sentence: string,
      body: (given: Projecting) => Effect.fn.Return<void, unknown, Scope.Scope>,
    ) => void,
  ) => void,
): void =>
  layer(database, { excludeTestServices: true })(name, (it) => {
    register((sentence, body) =>
      it.effect(sentence, () =>
        Effect.flatMap(projecting, (given) => Effect.gen(() => body(given))).pipe(
          Effect.provideService(References.MinimumLogLevel, "None"),
        ))
    );
  });
