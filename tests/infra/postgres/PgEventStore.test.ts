import { PgClient } from "@effect/sql-pg";
import { assert, layer } from "@effect/vitest";
import { Context, Deferred, Effect, Fiber, Layer, Random, Result } from "effect";
import { TestClock } from "effect/testing";
import type { RecordedEvent } from "../../../domain/event/RecordedEvent.ts";
import * as PgEventStore from "../../../infra/postgres/PgEventStore.ts";
import type { Append, AppendOutcome, EventStore, EventStoreError } from "../../../services/EventStore.ts";
import { followLog } from "../../../services/LogReader.ts";
import { eventStoreContract } from "../../support/contracts/EventStoreContract.ts";
import { client, connectedStore, postgres } from "../../support/Databases.ts";
import { appendOf, newTenant, receivedBy } from "../../support/Fixtures.ts";
import { TestDatabase } from "../../support/TestDatabase.ts";

eventStoreContract("The event store on Postgres", postgres, PgEventStore.layer({ callsInFlight: 2 }));

/** An append that the log has taken, as its writer knows it. */
interface Written {
  readonly streamId: string;
  readonly version: number;
  readonly position: number;
  readonly eventIds: ReadonlyArray<string>;
}

layer(TestDatabase.layer, { excludeTestServices: true })("Two event stores on one Postgres", (it) => {
  it.effect("wake each other's readers", () =>
    Effect.gen(function* () {
      const [mine, theirs] = [yield* connectedStore, yield* connectedStore];
      const tenantId = newTenant();
      for (let version = 0; version < 3; version++) {
        const waiting = yield* Effect.forkChild(theirs.awaitBeyond(yield* theirs.head), {
          startImmediately: true,
        });
        yield* mine.append(appendOf(tenantId, `${tenantId}/a`, version, [receivedBy(tenantId)]));
        yield* Fiber.join(waiting);
        assert.strictEqual(yield* theirs.head, yield* mine.head);
      }
    }));

  it.effect("lose nothing and repeat nothing when the connections of one are cut", () =>
    Effect.gen(function* () {
      const [mine, theirs] = [yield* connectedStore, yield* connectedStore];
      const tenantId = newTenant();
      const before = yield* theirs.head;
      const appends = Array.from(
        { length: 20 },
        (_, index) => appendOf(tenantId, `${tenantId}/${index}`, 0, [receivedBy(tenantId)]),
      );
      const admin = Context.get(yield* Layer.build(Layer.fresh(client)), PgClient.PgClient);
      const sent = yield* admin.withTransaction(Effect.gen(function* () {
        // While the head is locked, calls wait for it in the database.
        yield* admin`SELECT FROM log_head FOR UPDATE`;
        const sent = yield* Effect.forEach(
          appends,
          (append) => Effect.forkChild(Effect.result(mine.append(append))),
        );
        let cut = 0;
        while (cut === 0) {
          yield* admin`SELECT pg_stat_clear_snapshot()`;
          cut += (yield* admin`
            SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE datname = current_database() AND wait_event_type = 'Lock'`).length;
        }
        return sent;
      }));
      for (const [index, fiber] of sent.entries()) {
        const result = yield* Fiber.join(fiber);
        if (Result.isSuccess(result)) assert.strictEqual(result.success._tag, "Appended");
        else {
          assert.strictEqual(result.failure.reason, "Unavailable");
          const outcome = yield* mine.append(appends[index] ?? assert.fail());
          assert.include(["Appended", "Duplicate"], outcome._tag);
        }
      }
      const log = yield* theirs.read(before, 100);
      assert.deepStrictEqual(
        log.map(({ eventId }) => eventId).sort(),
        appends.flatMap(({ events }) => events.map(({ eventId }) => eventId)).sort(),
      );
    }));

  it.effect("leave out the appends whose deadline passes behind a slow call", () =>
    Effect.gen(function* () {
      const store = yield* connectedStore;
      const tenantId = newTenant();
      const to = (name: string, deadline: Date | null) =>
        appendOf(tenantId, `${tenantId}/${name}`, 0, [receivedBy(tenantId)], { deadline });
      const send = (append: Append) => Effect.forkChild(store.append(append), { startImmediately: true });
      const [soon, later] = [new Date(5_000), new Date(5_001)];
      const late = to("late", soon);
      const admin = Context.get(yield* Layer.build(Layer.fresh(client)), PgClient.PgClient);
      const sent = yield* admin.withTransaction(Effect.gen(function* () {
        // While the head is locked, calls wait for it in the database: as many as may be in flight, in time when they began.
        yield* admin`SELECT FROM log_head FOR UPDATE`;
        const inFlight: Array<Fiber.Fiber<AppendOutcome, EventStoreError>> = [];
        for (let waiting = 0; waiting < 2;) {
          if (inFlight.length === waiting) inFlight.push(yield* send(to(`in flight ${waiting}`, soon)));
          yield* admin`SELECT pg_stat_clear_snapshot()`;
          waiting = (yield* admin`
            SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`)
            .length;
        }
        const behind = yield* Effect.forEach([late, to("patient", later), to("eternal", null)], send);
        yield* TestClock.adjust("5 seconds");
        return [...inFlight, ...behind];
      }));
      const outcomes = yield* Fiber.joinAll(sent);
      assert.deepStrictEqual(
        outcomes.map(({ _tag }) => _tag),
        ["Appended", "Appended", "DeadlineExceeded", "Appended", "Appended"],
      );
      assert.deepStrictEqual(yield* store.readStream(late.streamId, 0), []);
      const again = yield* store.append({ ...late, deadline: later });
      assert.strictEqual(again._tag, "Appended", "nothing was remembered of the command");
    }).pipe(Effect.scoped, Effect.provide(TestClock.layer())));

  it.effect.each([1, 2, 3, 4])(
    "keep one dense log without loss or reordering, seed %i",
    (seed) =>
      Effect.gen(function* () {
        const stores = [yield* connectedStore, yield* connectedStore] as const;
        const tenantId = newTenant();
        const streams = ["a", "b", "c"].map((name) => `${tenantId}/${name}`);
        const start = yield* stores[0].head;

        /** Writes 25 times, each time to a random stream, and finds out its version by conflicts. */
        const write = Effect.fnUntraced(function* (store: EventStore["Service"]) {
          const versions = new Map<string, number>();
          const written: Array<Written> = [];
          while (written.length < 25) {
            const streamId = yield* Random.choice(streams);
            const events = Array.from(
              { length: yield* Random.nextIntBetween(0, 3) },
              () => receivedBy(tenantId),
            );
            const append = appendOf(tenantId, streamId, versions.get(streamId) ?? 0, events);
            yield* Effect.repeat(Effect.yieldNow, { times: yield* Random.nextIntBetween(0, 10) });
            const outcome = yield* store.append(append);
            assert(outcome._tag === "Appended" || outcome._tag === "Conflict");
            versions.set(streamId, outcome._tag === "Conflict" ? outcome.actualVersion : outcome.version);
            if (outcome._tag === "Appended") {
              written.push({ streamId, ...outcome, eventIds: append.events.map(({ eventId }) => eventId) });
            }
          }
          return written;
        });

        /** Follows the log while it is written, up to an event of the stream `end`. */
        const follow = Effect.fnUntraced(function* (store: EventStore["Service"]) {
          const seen: Array<RecordedEvent> = [];
          const ended = yield* Deferred.make<void>();
          const following = followLog(store, { after: start, limit: 7 }, (events) => {
            seen.push(...events);
            const isEnd = seen.at(-1)?.streamId === `${tenantId}/end`;
            return isEnd ? Deferred.succeed(ended, undefined) : Effect.void;
          });
          yield* Effect.raceFirst(following, Deferred.await(ended));
          return seen;
        });

        const readers = yield* Effect.forEach(stores, (store) => Effect.forkChild(follow(store)));
        const writers = yield* Effect.forEach(
          Array.from({ length: 6 }, (_, index) => index),
          (index) => write(stores[index % 2 === 0 ? 0 : 1]).pipe(Random.withSeed(`${seed} ${index}`)),
          { concurrency: "unbounded" },
        );
        yield* stores[0].append(appendOf(tenantId, `${tenantId}/end`, 0, [receivedBy(tenantId)]));

        const log = (yield* stores[1].read(start, 1_000)).slice(0, -1);
        assert.deepStrictEqual(log.map(({ position }) => position - start), log.map((_, index) => index + 1));
        for (const reader of readers) {
          assert.deepStrictEqual((yield* Fiber.join(reader)).slice(0, -1), log);
        }
        const appends = writers.flat().filter(({ eventIds }) => eventIds.length > 0);
        assert.deepStrictEqual(
          log.map(({ eventId }) => eventId),
          appends.toSorted((a, b) => a.position - b.position).flatMap(({ eventIds }) => eventIds),
        );
        for (const { streamId, version, position } of appends) {
          assert.deepInclude(log[position - start - 1], { streamId, version });
        }
        for (const streamId of streams) {
          const versions = log.filter((event) => event.streamId === streamId).map(({ version }) => version);
          assert.deepStrictEqual(versions, versions.map((_, index) => index + 1));
        }
        for (const written of writers) {
          const positions = written.map(({ position }) => position);
          assert.deepStrictEqual(positions, positions.toSorted((a, b) => a - b));
        }
      }),
  );
});
