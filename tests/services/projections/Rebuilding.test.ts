import { assert } from "@effect/vitest";
import { Deferred, Effect, Fiber, Latch } from "effect";
import type { DomainEvent } from "../../../domain/event/DomainEvent.ts";
import { Position, type RecordedEvent } from "../../../domain/event/RecordedEvent.ts";
import { EventStore } from "../../../services/EventStore.ts";
import type { Projection, ViewRow } from "../../../services/projections/Projection.ts";
import { eachProjection, projectionNames } from "../../../services/projections/Projections.ts";
import type { ProjectionStore } from "../../../services/projections/ProjectionStore.ts";
import { UploadsProjection } from "../../../services/projections/UploadsProjection.ts";
import { analysisOf, conversionOf, media, receivedBy, user } from "../../support/Fixtures.ts";
import { fold } from "../../support/Folding.ts";
import { type Projecting, projectingTests, until } from "../../support/Projecting.ts";

projectingTests("A rebuild", (test) => {
  const wholeLog = ({ log }: Projecting): Effect.Effect<ReadonlyArray<RecordedEvent>, unknown> =>
    log.read(Position.make(0), 100_000);

  const assertHonest = Effect.fnUntraced(
    function* <Row extends ViewRow>(given: Projecting, projection: Projection<Row>) {
      assert.deepStrictEqual(
        yield* given.rowsOf(projection),
        fold(projection, yield* wholeLog(given)),
        projection.name,
      );
    },
  );

  const isBuilt = ({ when }: Projecting, name: string) => when(name, ({ rebuild }) => rebuild === null);

  /** The log, read in short stretches: every rebuild takes many transactions. */
  const inShortStretches = (log: EventStore["Service"]): EventStore["Service"] => ({
    ...log,
    scan: (after, limit, types) => log.scan(after, Math.min(limit, 5), types),
  });

  /** The store, which tells what is about to be applied to the rebuild of uploads, and waits for it to be let through. */
  const watched = (
    store: ProjectionStore["Service"],
    watch: (from: number) => Effect.Effect<unknown>,
    applied: Array<number> = [],
  ): ProjectionStore["Service"] => ({
    ...store,
    apply: (target, from, batch, rate) => {
      const apply = store.apply(target, from, batch, rate);
      if (target.slot !== "rebuild" || target.projection.name !== "uploads") return apply;
      return Effect.andThen(
        watch(from),
        Effect.tap(apply, (isApplied) =>
          Effect.sync(() => {
            if (isApplied) applied.push(...batch.events.map(({ position }) => position));
          })),
      );
    },
  });

  const history = ({ tenantId }: Projecting): ReadonlyArray<DomainEvent> => {
    const upload = receivedBy(tenantId);
    const { uploadId } = upload;
    return [
      upload,
      { _tag: "UploadReady", uploadId, media },
      conversionOf(upload),
      analysisOf(upload),
      { _tag: "UploadDeleted", uploadId, userId: user },
    ];
  };

  test(
    "goes on beside appends and reads, which never fail and always see what was written",
    function* (given) {
      const { log, tenantId, start, append, caughtUp, control, views, tableId } = given;
      const known = receivedBy(tenantId);
      for (const upload of [known, receivedBy(tenantId), receivedBy(tenantId)]) yield* append([upload]);
      for (let round = 0; round < 20; round++) yield* append(history(given));
      yield* start({ log: inShortStretches(log) });
      yield* caughtUp;
      let isOver = false;
      let reads = 0;
      const appending = yield* Effect.forkChild(Effect.gen(function* () {
        while (!isOver) {
          const event = receivedBy(tenantId);
          const position = yield* append([event]);
          yield* views.awaitPosition(position);
          assert.strictEqual((yield* views.upload(tenantId, event.uploadId))?.status, "received");
        }
      }));
      const reading = yield* Effect.forkChild(Effect.gen(function* () {
        while (!isOver) {
          assert.strictEqual((yield* views.upload(tenantId, known.uploadId))?.sizeBytes, 3);
          assert.lengthOf(yield* views.uploads(tenantId, { limit: 3 }), 3);
          reads++;
        }
      }));
      const tables = [yield* tableId("uploads")];
      for (let rebuild = 0; rebuild < 2; rebuild++) {
        yield* control.build("uploads", "rebuild");
        yield* isBuilt(given, "uploads");
        tables.push(yield* tableId("uploads"));
      }
      isOver = true;
      yield* Fiber.join(appending);
      yield* Fiber.join(reading);
      assert.lengthOf(new Set(tables), 3, "each time another table took the place");
      assert.isAbove(reads, 10);
      yield* caughtUp;
      yield* assertHonest(given, UploadsProjection);
    },
  );

  test("mends what was wrong in the live view", function* (given) {
    const { start, append, caughtUp, control, sql } = given;
    yield* append(history(given));
    yield* start();
    yield* caughtUp;
    yield* sql`UPDATE view_uploads_v3 SET filename = 'tampered'`;
    yield* sql`INSERT INTO view_uploads_v3 SELECT 'upl_00000000000000000000000000', tenant_id, user_id, session_id, filename, folded_name,
      content_type, key, size_bytes, sha256, status, rejection, media, metadata, asks_for_conversion, asks_for_analysis, created_at, updated_at, position
      FROM view_uploads_v3 LIMIT 1`;
    yield* control.build("uploads", "rebuild");
    yield* isBuilt(given, "uploads");
    yield* assertHonest(given, UploadsProjection);
  });

  test("of all views at once ends with what each of them folds", function* (given) {
    const { start, append, caughtUp, control, tableId } = given;
    for (let round = 0; round < 5; round++) yield* append(history(given));
    yield* start();
    yield* caughtUp;
    const before = yield* Effect.forEach(projectionNames, tableId);
    yield* Effect.forEach(projectionNames, (name) => control.build(name, "rebuild"), {
      concurrency: "unbounded",
    });
    yield* append(history(given));
    yield* Effect.forEach(projectionNames, (name) => isBuilt(given, name));
    yield* caughtUp;
    const after = yield* Effect.forEach(projectionNames, tableId);
    after.forEach((table, index) => assert.notStrictEqual(table, before[index]));
    yield* Effect.all(eachProjection((projection) => assertHonest(given, projection)));
  });

  test(
    "ends as failed at the first event that it cannot apply, and leaves the live view alone",
    function* (given) {
      const { log, tenantId, start, append, caughtUp, control, sql, rowsOf, tableId } = given;
      yield* append(history(given));
      const head = yield* log.head;
      const spoiled = receivedBy(tenantId);
      yield* append([spoiled, { _tag: "UploadReady", uploadId: spoiled.uploadId, media }]);
      yield* append(history(given));
      const spoil = sql`UPDATE events SET data = jsonb_set(data, '{sizeBytes}', '-1') WHERE position = ${
        head + 1
      }::bigint`;
      const mend = sql`UPDATE events SET data = jsonb_set(data, '{sizeBytes}', '3') WHERE position = ${
        head + 1
      }::bigint`;
      yield* spoil;
      yield* start();
      yield* caughtUp;
      const [rows, table] = [yield* rowsOf(UploadsProjection), yield* tableId("uploads")];
      yield* control.build("uploads", "rebuild");
      const { rebuild, ...live } = yield* given.when(
        "uploads",
        ({ rebuild }) => rebuild?.status === "failed",
      );
      assert.deepInclude<object | null>(rebuild, { slot: "rebuild", position: head, parked: 0 });
      assert.match(
        rebuild?.error ?? "",
        new RegExp(`position ${head + 1} cannot be applied: Invalid, UploadReceived`),
      );
      assert.deepInclude<object>(live, { status: "live", error: null, parked: 2 });
      assert.deepStrictEqual(yield* rowsOf(UploadsProjection), rows);
      assert.strictEqual(yield* tableId("uploads"), table);
      yield* append(history(given));
      yield* caughtUp;
      assert.strictEqual(
        (yield* control.status("uploads")).rebuild?.position,
        head,
        "it is not run any more",
      );

      yield* mend;
      yield* control.build("uploads", "rebuild");
      yield* isBuilt(given, "uploads");
      assert.strictEqual((yield* control.status("uploads")).parked, 0);
      yield* assertHonest(given, UploadsProjection);
      for (const name of ["storage_usage", "throughput"]) {
        assert.deepStrictEqual((yield* control.retry(name, null)).failed, []);
      }
    },
  );

  test("that was interrupted is gone on with by the next runner, from its checkpoint", function* (given) {
    const { log, store, start, append, caughtUp, control } = given;
    for (let round = 0; round < 4; round++) yield* append(history(given));
    const isHalfWay = yield* Deferred.make<number>();
    const first: Array<number> = [];
    const stop = yield* start({
      log: inShortStretches(log),
      store: watched(
        store,
        (from) => from >= 10 ? Effect.andThen(Deferred.succeed(isHalfWay, from), Effect.never) : Effect.void,
        first,
      ),
    });
    yield* caughtUp;
    yield* control.build("uploads", "rebuild");
    const checkpoint = yield* Deferred.await(isHalfWay);
    yield* stop;
    assert.deepInclude<object | null>((yield* control.status("uploads")).rebuild, {
      position: checkpoint,
      status: "running",
      error: null,
    });
    const begun: Array<number> = [];
    const second: Array<number> = [];
    yield* start({ store: watched(store, (from) => Effect.sync(() => begun.push(from)), second) });
    yield* isBuilt(given, "uploads");
    assert.strictEqual(begun[0], checkpoint);
    const looked = (yield* wholeLog(given)).filter(({ event }) =>
      UploadsProjection.types.includes(event._tag)
    );
    assert.deepStrictEqual([...first, ...second], looked.map(({ position }) => Number(position)));
    yield* assertHonest(given, UploadsProjection);
  });

  test("that two runners work on applies every event once, and is not begun again", function* (given) {
    const { log, store, start, append, caughtUp, control, tableId } = given;
    for (let round = 0; round < 4; round++) yield* append(history(given));
    const together = yield* Latch.make();
    const waiting = new Set<number>();
    const applied: Array<number> = [];
    const messages: Array<string> = [];
    for (const runner of [1, 2]) {
      // Neither begins before the other is there.
      const watch = () =>
        Effect.andThen(
          Effect.suspend(() => waiting.add(runner).size === 2 ? Latch.open(together) : Effect.void),
          Latch.await(together),
        );
      yield* start({ log: inShortStretches(log), store: watched(store, watch, applied) }, messages);
    }
    yield* caughtUp;
    const before = yield* tableId("uploads");
    yield* control.build("uploads", "rebuild");
    const ended = "Projection uploads: rebuild has ended";
    yield* until(
      Effect.sync(() => messages.filter((message) => message === ended).length),
      (count) => count === 2,
    );
    assert.isNull((yield* control.status("uploads")).rebuild);
    assert.notStrictEqual(yield* tableId("uploads"), before);
    assert.isEmpty(messages.filter((message) => message.includes("stopped")));
    const looked = (yield* wholeLog(given)).filter(({ event }) =>
      UploadsProjection.types.includes(event._tag)
    );
    assert.deepStrictEqual(applied, looked.map(({ position }) => Number(position)));
    yield* assertHonest(given, UploadsProjection);
  });
});
