import { PgClient } from "@effect/sql-pg";
import { assert, layer } from "@effect/vitest";
import { Clock, Deferred, Effect, Layer, Queue, References } from "effect";
import { TestClock } from "effect/testing";
import * as InProcessBus from "../../../infra/embedded/InProcessBus.ts";
import * as PgConsumerPositions from "../../../infra/postgres/PgConsumerPositions.ts";
import * as PgEventStore from "../../../infra/postgres/PgEventStore.ts";
import { EventBus, maxDeliveries } from "../../../services/EventBus.ts";
import { EventStore } from "../../../services/EventStore.ts";
import { eventBusContract } from "../../support/contracts/EventBusContract.ts";
import { embedded, postgres } from "../../support/Databases.ts";
import { appendOf, newTenant, receivedBy } from "../../support/Fixtures.ts";
import { hurried } from "../../support/Hurried.ts";

const store = Layer.merge(PgEventStore.layer({ callsInFlight: 1 }), PgConsumerPositions.layer);

eventBusContract("The bus inside one process", {
  log: Layer.provideMerge(store, embedded),
  bus: InProcessBus.layer,
  hurried,
  setBack: (consumer) =>
    PgClient.PgClient.use((sql) => sql`UPDATE consumers SET position = 0 WHERE name = ${consumer}`),
});

layer(InProcessBus.layer.pipe(Layer.provideMerge(store), Layer.provideMerge(postgres)), {
  excludeTestServices: true,
})("InProcessBus", (it) => {
  it.effect("pauses longer after each failed delivery, up to a minute", () =>
    hurried(Effect.gen(function* () {
      const bus = yield* EventBus;
      const store = yield* EventStore;
      const tenantId = newTenant();
      const times: Array<number> = [];
      const done = yield* Deferred.make<void>();
      yield* bus.consume({
        name: tenantId,
        types: ["UploadReceived"],
        concurrency: 1,
        handle: () =>
          Effect.flatMap(Clock.currentTimeMillis, (now) => {
            times.push(now);
            return times.length === maxDeliveries + 2
              ? Deferred.succeed(done, undefined)
              : Effect.fail("again");
          }),
        giveUp: null,
      });
      yield* store.append(appendOf(tenantId, `${tenantId}/a`, 0, [receivedBy(tenantId)]));
      yield* Deferred.await(done);
      const pauses = times.slice(1).map((time, index) => time - (times[index] ?? 0));
      assert.deepStrictEqual(pauses, [500, 2_000, 8_000, 32_000, 60_000, 60_000, 60_000]);
    })).pipe(Effect.provideService(References.MinimumLogLevel, "None")));

  it.effect("saves at a clean stop how far a consumer has come", () =>
    Effect.gen(function* () {
      const bus = yield* EventBus;
      const store = yield* EventStore;
      const tenantId = newTenant();
      const handled = yield* Queue.unbounded<number>();
      const consume = bus.consume({
        name: tenantId,
        types: ["UploadReceived"],
        concurrency: 1,
        handle: (event) => event.tenantId === tenantId ? Queue.offer(handled, event.version) : Effect.void,
        giveUp: null,
      });
      const append = (version: number) =>
        store.append(appendOf(tenantId, `${tenantId}/a`, version - 1, [receivedBy(tenantId)]));
      yield* append(1);
      yield* append(2);
      const returned = Effect.repeat(Effect.yieldNow, { times: 50 });
      yield* Effect.scoped(consume.pipe(Effect.andThen(Queue.takeN(handled, 2)), Effect.andThen(returned)));
      yield* append(3);
      yield* consume;
      assert.strictEqual(yield* Queue.take(handled), 3);
      // The clock stands still, so no position was saved while the first consumer ran.
    }).pipe(Effect.provide(TestClock.layer())));

  it.effect("saves while it runs how far a consumer has come, in case it is killed", () =>
    hurried(Effect.gen(function* () {
      const bus = yield* EventBus;
      const store = yield* EventStore;
      const sql = yield* PgClient.PgClient;
      const tenantId = newTenant();
      yield* bus.consume({
        name: tenantId,
        types: ["UploadReceived"],
        concurrency: 1,
        handle: () => Effect.void,
        giveUp: null,
      });
      yield* store.append(appendOf(tenantId, `${tenantId}/a`, 0, [receivedBy(tenantId)]));
      const head = yield* store.head;
      const saved = sql`SELECT 1 FROM consumers WHERE name = ${tenantId} AND position = ${head}`;
      while ((yield* saved).length === 0) yield* Effect.sleep("100 millis");
    })));
});
