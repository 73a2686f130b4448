import { assert, layer } from "@effect/vitest";
import { Effect, Fiber, Layer, Queue } from "effect";
import * as PgEventStore from "../../infra/postgres/PgEventStore.ts";
import { EventStore } from "../../services/EventStore.ts";
import { followLog } from "../../services/LogReader.ts";
import { postgres } from "../support/Databases.ts";
import { appendOf, newTenant, receivedBy } from "../support/Fixtures.ts";

const store = Layer.provide(PgEventStore.layer({ callsInFlight: 2 }), postgres);

layer(store, { excludeTestServices: true })("A follower of the log", (it) => {
  it.effect.each([0, 1, 2, 3, 4, 5, 6, 7])(
    "hands on each event once, in order, when %i are there and more come",
    (there) =>
      Effect.gen(function* () {
        const store = yield* EventStore;
        const tenantId = newTenant();
        const after = yield* store.head;
        const append = (name: string, count: number) =>
          store.append(
            appendOf(
              tenantId,
              `${tenantId}/${name}`,
              0,
              Array.from({ length: count }, () => receivedBy(tenantId)),
            ),
          );
        yield* append("there", there);
        const batches = yield* Queue.unbounded<ReadonlyArray<number>>();
        const following = yield* Effect.forkChild(followLog(store, { after, limit: 3 }, (events) =>
          Queue.offer(
            batches,
            events.map(({ position }) => position - after),
          )));
        const seen: Array<number> = [];
        const seeUpTo = Effect.fnUntraced(function* (count: number) {
          while (seen.length < count) {
            const batch = yield* Queue.take(batches);
            assert.isTrue(batch.length > 0 && batch.length <= 3);
            seen.push(...batch);
          }
        });
        yield* seeUpTo(there);
        for (const [index, count] of [1, 3, 7].entries()) {
          yield* append(`more ${index}`, count);
          yield* seeUpTo(seen.length + count);
        }
        assert.deepStrictEqual(
          seen,
          Array.from({ length: there + 11 }, (_, index) => index + 1),
        );
        yield* Fiber.interrupt(following);
      }),
  );
});
