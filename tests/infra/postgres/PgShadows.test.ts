import { assert, layer } from "@effect/vitest";
import { Deferred, Effect, Fiber, Layer } from "effect";
import { Position } from "../../../domain/event/RecordedEvent.ts";
import * as PgParkedEvents from "../../../infra/postgres/PgParkedEvents.ts";
import * as PgProjectionStore from "../../../infra/postgres/PgProjectionStore.ts";
import * as PgShadows from "../../../infra/postgres/PgShadows.ts";
import { parkedEventsContract } from "../../support/contracts/ParkedEventsContract.ts";
import { shadowsContract } from "../../support/contracts/ShadowsContract.ts";
import { slotsContract } from "../../support/contracts/SlotsContract.ts";
import { postgres } from "../../support/Databases.ts";
import { receivedBy } from "../../support/Fixtures.ts";
import { tallyTests } from "../../support/TallyTests.ts";

const keepers = Layer.mergeAll(PgProjectionStore.layer, PgShadows.layer, PgParkedEvents.layer);

layer(Layer.provideMerge(keepers, postgres), { excludeTestServices: true })(
  "Slots, shadows and parked events on Postgres",
  (it) => {
    slotsContract(it);
    shadowsContract(it);
    parkedEventsContract(it);

    tallyTests(it)("lets a comparison end before its shadow begins anew", function* (given) {
      const { shadows, sql, tally, tenantId, logOf, apply, states } = given;
      const log = logOf(receivedBy(tenantId), receivedBy(tenantId));
      yield* apply("live", log, 0);
      yield* shadows.begin(tally, "verify");
      const isComparing = yield* Deferred.make<void>();
      const beginning = yield* Effect.forkChild(
        Effect.andThen(Deferred.await(isComparing), shadows.begin(tally, "verify")),
      );
      const isWaitedFor = sql`
        SELECT FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE NOT granted AND datname = current_database()`;
      const found = yield* shadows.compare(tally, () =>
        Effect.gen(function* () {
          yield* Deferred.succeed(isComparing, undefined);
          while ((yield* isWaitedFor).length === 0) yield* Effect.yieldNow;
          return { events: log, reached: Position.make(2) };
        }));
      assert.strictEqual(found?.differences, 0);
      yield* Fiber.join(beginning);
      assert.deepStrictEqual<unknown>((yield* states).verify?.position, 0);
    });

    tallyTests(it)("does not hold readers up behind one who reads for long", function* (given) {
      const { shadows, sql, tally, tenantId, logOf, apply, rowsIn } = given;
      const log = logOf(receivedBy(tenantId));
      yield* apply("live", log, 0);
      yield* shadows.begin(tally, "rebuild");
      yield* apply("rebuild", log, 0);
      const [isReading, isOver] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()];
      const reading = yield* Effect.forkChild(
        sql.withTransaction(Effect.gen(function* () {
          yield* rowsIn("live");
          yield* Deferred.succeed(isReading, undefined);
          yield* Deferred.await(isOver);
        })),
      );
      yield* Deferred.await(isReading);
      assert.isFalse(yield* shadows.swap(tally));
      assert.lengthOf(yield* rowsIn("live"), 1);
      yield* Deferred.succeed(isOver, undefined);
      yield* Fiber.join(reading);
      assert.isTrue(yield* shadows.swap(tally));
    });
  },
);
