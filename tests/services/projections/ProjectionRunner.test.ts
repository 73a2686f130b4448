import { PgClient } from "@effect/sql-pg";
import { assert, layer } from "@effect/vitest";
import {
  Context,
  Deferred,
  Effect,
  Exit,
  Latch,
  Layer,
  Logger,
  Queue,
  References,
  Scope,
  Tracer,
} from "effect";
import { TestClock } from "effect/testing";
import * as PgEventStore from "../../../infra/postgres/PgEventStore.ts";
import * as PgParkedEvents from "../../../infra/postgres/PgParkedEvents.ts";
import * as PgProjectionStore from "../../../infra/postgres/PgProjectionStore.ts";
import * as PgShadows from "../../../infra/postgres/PgShadows.ts";
import * as PgViews from "../../../infra/postgres/PgViews.ts";
import type { DomainEvent } from "../../../domain/event/DomainEvent.ts";
import type { TenantId } from "../../../domain/Id.ts";
import { EventStore } from "../../../services/EventStore.ts";
import * as ProjectionRunner from "../../../services/projections/ProjectionRunner.ts";
import { ParkedEvents } from "../../../services/projections/ParkedEvents.ts";
import { ProjectionStore } from "../../../services/projections/ProjectionStore.ts";
import { Shadows } from "../../../services/projections/Shadows.ts";
import { UploadsProjection } from "../../../services/projections/UploadsProjection.ts";
import { Views } from "../../../services/views/Views.ts";
import { postgres } from "../../support/Databases.ts";
import { analysisOf, appendOf, conversionOf, newTenant, receivedBy, user } from "../../support/Fixtures.ts";

const uploads = { projection: UploadsProjection, slot: "live" } as const;

interface Given {
  readonly store: EventStore["Service"];
  readonly projections: ProjectionStore["Service"];
  readonly views: Views["Service"];
  readonly sql: PgClient.PgClient;
  readonly tenantId: TenantId;
  /** Runs the projections on the given store until the effect that it answers is run. */
  readonly start: (
    store?: ProjectionStore["Service"],
  ) => Effect.Effect<Effect.Effect<void>, unknown, Scope.Scope>;
  /** Appends an event to a new stream of its own. */
  readonly append: (event: DomainEvent, traceparent?: string) => Effect.Effect<void, unknown>;
}

const database = Layer.mergeAll(
  PgEventStore.layer({ callsInFlight: 2 }),
  PgProjectionStore.layer,
  PgShadows.layer,
  PgParkedEvents.layer,
  PgViews.layer,
).pipe(Layer.provideMerge(postgres));

layer(database, { excludeTestServices: true })("The projection runner", (it) => {
  const test = (sentence: string, body: (given: Given) => Effect.fn.Return<void, unknown, Scope.Scope>) =>
    it.effect(sentence, () =>
      Effect.gen(function* () {
        const store = yield* EventStore;
        const projections = yield* ProjectionStore;
        const adapters = Context.pick(EventStore, ParkedEvents, Shadows)(
          yield* Effect.context<EventStore | ParkedEvents | Shadows>(),
        );
        const tenantId = newTenant();
        const start = Effect.fnUntraced(function* (used = projections) {
          const scope = yield* Effect.acquireRelease(Scope.make(), (scope) => Scope.close(scope, Exit.void));
          yield* Layer.buildWithScope(Layer.fresh(ProjectionRunner.layer), scope).pipe(
            Effect.provideService(ProjectionStore, used),
            Effect.provideContext(adapters),
          );
          return Scope.close(scope, Exit.void);
        });
        let streams = 0;
        const append = Effect.fnUntraced(function* (event: DomainEvent, traceparent: string | null = null) {
          yield* store.append(appendOf(tenantId, `${tenantId}/${streams++}`, 0, [event], { traceparent }));
        });
        const [views, sql] = [yield* Views, yield* PgClient.PgClient];
        yield* Effect.gen(() => body({ store, projections, views, sql, tenantId, start, append }));
      }).pipe(Effect.provideService(References.MinimumLogLevel, "None")));

  test("shows in every view what was appended before and after its start", function* (given) {
    const { store, views, tenantId, start, append } = given;
    const upload = receivedBy(tenantId);
    const { uploadId } = upload;
    const conversion = conversionOf(upload);
    yield* append(upload);
    yield* start();
    yield* append(conversion);
    yield* append(analysisOf(upload));
    yield* views.awaitPosition(yield* store.head);
    assert.strictEqual((yield* views.upload(tenantId, uploadId))?.status, "received");
    assert.strictEqual((yield* views.conversion(tenantId, conversion.conversionId))?.status, "queued");
    assert.lengthOf(yield* views.analysesOf(tenantId, [uploadId]), 1);

    yield* append({ _tag: "UploadDeleted", uploadId, userId: user });
    yield* views.awaitPosition(yield* store.head);
    assert.strictEqual((yield* views.upload(tenantId, uploadId))?.status, "deleted");
  });

  test("goes on where it was stopped", function* ({ store, views, projections, tenantId, start, append }) {
    const stop = yield* start();
    yield* append(receivedBy(tenantId));
    const before = yield* store.head;
    yield* views.awaitPosition(before);
    yield* stop;
    yield* append(receivedBy(tenantId));
    assert.strictEqual((yield* projections.prepare(uploads))?.position, before);
    yield* start();
    yield* views.awaitPosition(yield* store.head);
    assert.lengthOf(yield* views.uploads(tenantId, { limit: 10 }), 2);
  });

  test("applies nothing twice, even if it is overtaken or runs several times", function* (given) {
    const { store, views, projections, tenantId, start, append } = given;
    const head = yield* store.head;
    const applied = yield* Queue.unbounded<number>();
    /** The store with a gate before it, which tells what was applied to the view of uploads. */
    const gated = (gate: Effect.Effect<unknown>): ProjectionStore["Service"] => ({
      ...projections,
      apply: Effect.fnUntraced(function* (target, from, batch, rate) {
        const apply = projections.apply(target, from, batch, rate);
        if (target.projection.name !== UploadsProjection.name) return yield* apply;
        yield* gate;
        const positions = batch.events.map(({ position }) => position - head);
        return yield* Effect.uninterruptible(
          Effect.tap(apply, (isApplied) => isApplied ? Queue.offerAll(applied, positions) : Effect.void),
        );
      }),
    });
    const gate = yield* Latch.make();
    const stopped = yield* Deferred.make<void>();
    yield* start(gated(Effect.andThen(Deferred.succeed(stopped, undefined), Latch.await(gate))));
    yield* append(receivedBy(tenantId));
    yield* Deferred.await(stopped);
    // The first runner now holds an event that two others apply before it.
    const others = [yield* start(gated(Effect.void)), yield* start(gated(Effect.void))];
    for (let event = 0; event < 10; event++) yield* append(receivedBy(tenantId));
    yield* views.awaitPosition(yield* store.head);
    yield* Latch.open(gate);
    for (let event = 0; event < 10; event++) yield* append(receivedBy(tenantId));
    yield* Effect.all(others);
    yield* append(receivedBy(tenantId));
    yield* views.awaitPosition(yield* store.head);
    assert.deepStrictEqual(
      (yield* Queue.takeN(applied, 22)).toSorted((a, b) => a - b),
      Array.from({ length: 22 }, (_, index) => index + 1),
    );
    assert.lengthOf(yield* views.uploads(tenantId, { limit: 100 }), 22);
  });

  test("leaves a paused view alone, and does not press it", function* (given) {
    const { store, views, projections, tenantId, start, append } = given;
    const asked = yield* Queue.unbounded<string>();
    const asks: ProjectionStore["Service"] = {
      ...projections,
      prepare: (target) =>
        Effect.andThen(Queue.offer(asked, target.projection.name), projections.prepare(target)),
    };
    const frozen = yield* Layer.build(TestClock.layer());
    const advance = Effect.provideContext(TestClock.adjust("100 millis"), frozen);
    yield* projections.pause(UploadsProjection, true);
    yield* Effect.provideContext(start(asks), frozen);
    yield* append(receivedBy(tenantId));
    while ((yield* Queue.take(asked)) !== UploadsProjection.name) continue;
    // However much happens, for the runner no time passes.
    for (let round = 0; round < 20; round++) yield* store.head;
    assert.notInclude(yield* Queue.clear(asked), UploadsProjection.name);
    yield* advance;
    while ((yield* Queue.take(asked)) !== UploadsProjection.name) continue;
    assert.isEmpty(yield* views.uploads(tenantId, { limit: 10 }));
    yield* projections.pause(UploadsProjection, false);
    yield* advance;
    yield* views.awaitPosition(yield* store.head);
    assert.lengthOf(yield* views.uploads(tenantId, { limit: 10 }), 1);
  });

  test("stops at a hole in the log, tells so, and goes on once it is mended", function* (given) {
    const { store, views, projections, sql, tenantId, start, append } = given;
    const head = yield* store.head;
    for (let event = 0; event < 3; event++) yield* append(receivedBy(tenantId));
    yield* sql`CREATE TABLE lost AS SELECT * FROM events WHERE position = ${head + 2}`;
    yield* sql`DELETE FROM events WHERE position = ${head + 2}`;
    const messages = yield* Queue.unbounded<string>();
    const log = Logger.make(({ message }) => Queue.offerUnsafe(messages, String(message)));
    yield* start().pipe(
      Effect.provide(Logger.layer([log])),
      Effect.provideService(References.MinimumLogLevel, "Error"),
    );
    while (!(yield* Queue.take(messages)).startsWith("Projection uploads (live) stopped")) continue;
    const reached = (yield* projections.prepare(uploads))?.position ?? assert.fail();
    yield* sql`INSERT INTO events SELECT * FROM lost`;
    assert.isAtMost(reached, head + 1);
    yield* views.awaitPosition(yield* store.head);
    assert.lengthOf(yield* views.uploads(tenantId, { limit: 10 }), 3);
  });

  test("continues the traces of the events that a view looks at", function* (given) {
    const { store, views, tenantId, start, append } = given;
    const spans: Array<Tracer.Span> = [];
    const tracer = Tracer.make({
      span: (options) => {
        const span = new Tracer.NativeSpan(options);
        spans.push(span);
        return span;
      },
    });
    yield* start().pipe(Effect.withTracer(tracer));
    const traces = ["0af7651916cd43dd8448eb211c80319c", "4bf92f3577b34da6a3ce929d0e0e4736"];
    for (const traceId of traces) {
      yield* append(receivedBy(tenantId), `00-${traceId}-b7ad6b7169203331-01`);
    }
    yield* append(receivedBy(tenantId));
    yield* views.awaitPosition(yield* store.head);
    const projecting = spans.filter(({ name }) => name === "uploads project");
    assert.deepStrictEqual(projecting.map(({ traceId }) => traceId).sort(), traces);
    assert.lengthOf(spans.filter(({ name }) => name === "analyses project"), 0);
    const [first] = projecting;
    assert.strictEqual(first?.attributes.get("tapedeck.projection"), "uploads");
    assert.deepInclude(first?.parent.valueOrUndefined, { spanId: "b7ad6b7169203331" });
  });
});
