import { PgClient } from "@effect/sql-pg";
import { assert, layer } from "@effect/vitest";
import { Effect, Fiber, Layer, Option, Result, Stream } from "effect";
import { Position } from "../../../domain/event/RecordedEvent.ts";
import * as InProcessBus from "../../../infra/embedded/InProcessBus.ts";
import * as PgConsumerPositions from "../../../infra/postgres/PgConsumerPositions.ts";
import * as PgEventStore from "../../../infra/postgres/PgEventStore.ts";
import * as PgLogTransfer from "../../../infra/postgres/PgLogTransfer.ts";
import * as PgStoredEvents from "../../../infra/postgres/PgStoredEvents.ts";
import { EventBus } from "../../../services/EventBus.ts";
import { EventStore } from "../../../services/EventStore.ts";
import * as LocalLogOperations from "../../../services/transfer/LocalLogOperations.ts";
import { LogOperations } from "../../../services/transfer/LogOperations.ts";
import { postgres } from "../../support/Databases.ts";
import { appendOf, newTenant, receivedBy } from "../../support/Fixtures.ts";
import { appendForeign } from "../../support/NewerProgram.ts";

const stores = Layer.mergeAll(
  PgEventStore.layer({ callsInFlight: 1 }),
  PgStoredEvents.layer,
  PgLogTransfer.layer,
  PgConsumerPositions.layer,
).pipe(Layer.provideMerge(postgres));

const operations = LocalLogOperations.layer.pipe(
  Layer.provideMerge(InProcessBus.layer),
  Layer.provideMerge(stores),
);

layer(operations, { excludeTestServices: true })("The operations on the log in this process", (it) => {
  /** Appends two events to each of some streams, in turns. */
  const write = Effect.fnUntraced(function* (streams: number) {
    const store = yield* EventStore;
    const tenantId = newTenant();
    const before = yield* store.head;
    for (let index = 0; index < streams * 2; index++) {
      const streamId = `${tenantId}/${index % streams}`;
      yield* store.append(appendOf(tenantId, streamId, Math.floor(index / streams), [receivedBy(tenantId)]));
    }
    return { tenantId, before };
  });

  /** What comes over the bus as replayed while a replay runs to its end. */
  const replaying = Effect.fnUntraced(function* (request: Parameters<LogOperations["Service"]["replay"]>[0]) {
    const log = yield* LogOperations;
    const bus = yield* EventBus;
    const { total } = Option.getOrThrow(
      yield* Stream.runLast(yield* log.replay({ ...request, dryRun: true })),
    );
    const watching = yield* bus.replays.pipe(
      Stream.take(total),
      Stream.runCollect,
      Effect.forkChild({ startImmediately: true }),
    );
    const reports = yield* Stream.runCollect(yield* log.replay(request));
    const replayed = yield* Fiber.join(watching);
    return { total, reports, replayed };
  });

  it.effect("replay a range, in order, under one id, and report how far they have come", () =>
    Effect.gen(function* () {
      const { before } = yield* write(200);
      const request = { from: Position.make(before + 11), to: Position.make(before + 390) };
      const { total, reports, replayed } = yield* replaying(request);
      assert.strictEqual(total, 380);
      assert.deepStrictEqual(
        replayed.map(({ record }) => record.position - before),
        Array.from({ length: 380 }, (_, index) => index + 11),
      );
      assert.deepStrictEqual(reports.map(({ replayed }) => replayed), [256, 380]);
      assert.lengthOf(new Set([...reports, ...replayed].map(({ replayId }) => replayId)), 1);
    }));

  it.effect("replay to the head of the log where no end is named, and no further", () =>
    Effect.gen(function* () {
      const { before } = yield* write(2);
      for (const to of [{}, { to: Position.make(before + 1_000) }]) {
        const { replayed } = yield* replaying({ from: Position.make(before + 2), ...to });
        assert.deepStrictEqual(replayed.map(({ record }) => record.position - before), [2, 3, 4]);
      }
    }));

  it.effect("replay a stream, and nothing else", () =>
    Effect.gen(function* () {
      const { tenantId, before } = yield* write(3);
      const { replayed } = yield* replaying({ streamId: `${tenantId}/1` });
      assert.deepStrictEqual(replayed.map(({ record }) => record.position - before), [2, 5]);
    }));

  it.effect("replay what this program cannot read", () =>
    Effect.gen(function* () {
      const store = yield* EventStore;
      const tenantId = newTenant();
      const eventId = yield* appendForeign(tenantId, { type: "UploadMelted", schemaVersion: 9 });
      const position = yield* store.head;
      const [{ streamId } = assert.fail()] = yield* store.readRaw(Position.make(position - 1), 1);
      for (const request of [{ from: position, to: position }, { streamId }]) {
        const { replayed } = yield* replaying(request);
        assert.lengthOf(replayed, 1);
        assert.containsSubset(replayed[0]?.record, { eventId, type: "UploadMelted", schemaVersion: 9 });
      }
    }));

  it.effect("show and list an event that this program cannot read", () =>
    Effect.gen(function* () {
      const log = yield* LogOperations;
      const sql = yield* PgClient.PgClient;
      const { tenantId, before } = yield* write(1);
      const position = Position.make(before + 2);
      yield* sql`UPDATE events SET type = 'UploadEaten', schema_version = 9 WHERE position = ${position}::bigint`;
      const { event } = yield* log.show(position);
      assert.include(event, { type: "UploadEaten", schemaVersion: 9, tenantId });
      const { items } = yield* log.list({ type: "UploadEaten", limit: 5 });
      assert.deepStrictEqual(items, [event]);
      yield* sql`UPDATE events SET type = 'UploadReceived', schema_version = 1 WHERE position = ${position}::bigint`;
    }));
});

layer(Layer.provideMerge(LocalLogOperations.layer, stores), { excludeTestServices: true })(
  "The operations on the log in a process without a bus",
  (it) => {
    it.effect("plan a replay, and refuse to run it", () =>
      Effect.gen(function* () {
        const log = yield* LogOperations;
        const store = yield* EventStore;
        const tenantId = newTenant();
        yield* store.append(appendOf(tenantId, `${tenantId}/a`, 0, [receivedBy(tenantId)]));
        const planned = yield* Stream.runCollect(
          yield* log.replay({ from: Position.make(1), dryRun: true }),
        );
        assert.deepStrictEqual(planned.map(({ replayed, total }) => [replayed, total]), [[0, 1]]);
        const refused = yield* Effect.result(log.replay({ from: Position.make(1) }));
        assert(Result.isFailure(refused));
        assert.strictEqual(refused.failure.code, "NOT_READY");
      }));
  },
);
