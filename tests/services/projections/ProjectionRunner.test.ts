import { assert } from "@effect/vitest";
import { Deferred, Effect, Latch, Layer, Queue, Tracer } from "effect";
import { TestClock } from "effect/testing";
import type { ProjectionStore } from "../../../services/projections/ProjectionStore.ts";
import { UploadsProjection } from "../../../services/projections/UploadsProjection.ts";
import { analysisOf, conversionOf, receivedBy, user } from "../../support/Fixtures.ts";
import { projectingTests, until } from "../../support/Projecting.ts";

const uploads = { projection: UploadsProjection, slot: "live" } as const;

projectingTests("The projection runner", (test) => {
  test("shows in every view what was appended before and after its start", function* (given) {
    const { log, views, tenantId, start, append } = given;
    const upload = receivedBy(tenantId);
    const { uploadId } = upload;
    const conversion = conversionOf(upload);
    yield* append([upload]);
    yield* start();
    yield* append([conversion]);
    yield* append([analysisOf(upload)]);
    yield* views.awaitPosition(yield* log.head);
    assert.strictEqual((yield* views.upload(tenantId, uploadId))?.status, "received");
    assert.strictEqual((yield* views.conversion(tenantId, conversion.conversionId))?.status, "queued");
    assert.lengthOf(yield* views.analysesOf(tenantId, [uploadId]), 1);

    yield* append([{ _tag: "UploadDeleted", uploadId, userId: user }]);
    yield* views.awaitPosition(yield* log.head);
    assert.strictEqual((yield* views.upload(tenantId, uploadId))?.status, "deleted");
  });

  test("goes on where it was stopped", function* ({ log, views, store, tenantId, start, append }) {
    const stop = yield* start();
    yield* append([receivedBy(tenantId)]);
    const before = yield* log.head;
    yield* views.awaitPosition(before);
    yield* stop;
    yield* append([receivedBy(tenantId)]);
    assert.strictEqual((yield* store.prepare(uploads))?.position, before);
    yield* start();
    yield* views.awaitPosition(yield* log.head);
    assert.lengthOf(yield* views.uploads(tenantId, { limit: 10 }), 2);
  });

  test("applies nothing twice, even if it is overtaken or runs several times", function* (given) {
    const { log, views, store, tenantId, start, append } = given;
    const head = yield* log.head;
    const applied = yield* Queue.unbounded<number>();
    /** The store with a gate before it, which tells what was applied to the view of uploads. */
    const gated = (gate: Effect.Effect<unknown>): ProjectionStore["Service"] => ({
      ...store,
      apply: Effect.fnUntraced(function* (target, from, batch, rate) {
        const apply = store.apply(target, from, batch, rate);
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
    yield* start({ store: gated(Effect.andThen(Deferred.succeed(stopped, undefined), Latch.await(gate))) });
    yield* append([receivedBy(tenantId)]);
    yield* Deferred.await(stopped);
    // The first runner now holds an event that two others apply before it.
    const others = [yield* start({ store: gated(Effect.void) }), yield* start({ store: gated(Effect.void) })];
    for (let event = 0; event < 10; event++) yield* append([receivedBy(tenantId)]);
    yield* views.awaitPosition(yield* log.head);
    yield* Latch.open(gate);
    for (let event = 0; event < 10; event++) yield* append([receivedBy(tenantId)]);
    yield* Effect.all(others);
    yield* append([receivedBy(tenantId)]);
    yield* views.awaitPosition(yield* log.head);
    assert.deepStrictEqual(
      (yield* Queue.takeN(applied, 22)).toSorted((a, b) => a - b),
      Array.from({ length: 22 }, (_, index) => index + 1),
    );
    assert.lengthOf(yield* views.uploads(tenantId, { limit: 100 }), 22);
  });

  test("leaves a paused view alone, and does not press it", function* (given) {
    const { log, views, store, tenantId, start, append } = given;
    const asked = yield* Queue.unbounded<string>();
    const asks: ProjectionStore["Service"] = {
      ...store,
      prepare: (target) => Effect.andThen(Queue.offer(asked, target.projection.name), store.prepare(target)),
    };
    const frozen = yield* Layer.build(TestClock.layer());
    const advance = Effect.provideContext(TestClock.adjust("100 millis"), frozen);
    yield* store.pause(UploadsProjection, true);
    yield* Effect.provideContext(start({ store: asks }), frozen);
    yield* append([receivedBy(tenantId)]);
    while ((yield* Queue.take(asked)) !== UploadsProjection.name) continue;
    // However much happens, for the runner no time passes.
    for (let round = 0; round < 20; round++) yield* log.head;
    assert.notInclude(yield* Queue.clear(asked), UploadsProjection.name);
    yield* advance;
    while ((yield* Queue.take(asked)) !== UploadsProjection.name) continue;
    assert.isEmpty(yield* views.uploads(tenantId, { limit: 10 }));
    yield* store.pause(UploadsProjection, false);
    yield* advance;
    yield* views.awaitPosition(yield* log.head);
    assert.lengthOf(yield* views.uploads(tenantId, { limit: 10 }), 1);
  });

  test("stops at a hole in the log, tells so, and goes on once it is mended", function* (given) {
    const { log, views, store, sql, tenantId, start, append } = given;
    const head = yield* log.head;
    for (let event = 0; event < 3; event++) yield* append([receivedBy(tenantId)]);
    yield* sql`CREATE TABLE lost AS SELECT * FROM events WHERE position = ${head + 2}`;
    yield* sql`DELETE FROM events WHERE position = ${head + 2}`;
    const messages: Array<string> = [];
    yield* start({}, messages);
    const stopped = (message: string) => message.startsWith("Projection uploads (live) stopped");
    yield* until(Effect.sync(() => messages.some(stopped)), (isTold) => isTold);
    const reached = (yield* store.prepare(uploads))?.position ?? assert.fail();
    yield* sql`INSERT INTO events SELECT * FROM lost`;
    assert.isAtMost(reached, head + 1);
    yield* views.awaitPosition(yield* log.head);
    assert.lengthOf(yield* views.uploads(tenantId, { limit: 10 }), 3);
  });

  test("continues the traces of the events that a view looks at", function* (given) {
    const { log, views, tenantId, start, append } = given;
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
      yield* append([receivedBy(tenantId)], `00-${traceId}-b7ad6b7169203331-01`);
    }
    yield* append([receivedBy(tenantId)]);
    yield* views.awaitPosition(yield* log.head);
    const projecting = spans.filter(({ name }) => name === "uploads project");
    assert.deepStrictEqual(projecting.map(({ traceId }) => traceId).sort(), traces);
    assert.lengthOf(spans.filter(({ name }) => name === "analyses project"), 0);
    const [first] = projecting;
    assert.strictEqual(first?.attributes.get("tapedeck.projection"), "uploads");
    assert.deepInclude(first?.parent.valueOrUndefined, { spanId: "b7ad6b7169203331" });
  });
});
