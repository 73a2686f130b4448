import { PgClient } from "@effect/sql-pg";
import { assert, layer } from "@effect/vitest";
import { Effect, Layer } from "effect";
import * as PgLease from "../../../infra/postgres/PgLease.ts";
import { Lease } from "../../../services/relay/Lease.ts";
import { postgres } from "../../support/Databases.ts";

/** Two processes that want the same lease. */
const rivals = Effect.fnUntraced(function* (name: string) {
  const leaseOf = (holder: string) =>
    Effect.map(Layer.build(Layer.fresh(PgLease.layer({ name, holder }))), (built) => built).pipe(
      Effect.flatMap((context) => Effect.provideContext(Lease.use(Effect.succeed), context)),
    );
  return { one: yield* leaseOf("one"), two: yield* leaseOf("two") };
});

layer(postgres, { excludeTestServices: true })("PgLease", (it) => {
  it.effect("is one process's at a time, until it is released", () =>
    Effect.gen(function* () {
      const { one, two } = yield* rivals("released");
      assert.strictEqual(yield* one.take, 1);
      assert.isNull(yield* two.take);
      assert.isNull(yield* one.take);
      yield* one.release(1);
      assert.strictEqual(yield* two.take, 2);
      assert.isTrue(yield* two.renew(2));
    }));

  it.effect("lapses by the database's clock, and its former holder notices", () =>
    Effect.gen(function* () {
      const { one, two } = yield* rivals("lapsed");
      const sql = yield* PgClient.PgClient;
      assert.strictEqual(yield* one.take, 1);
      yield* sql`UPDATE leases SET expires_at = clock_timestamp() - interval '1 second' WHERE name = 'lapsed'`;
      assert.isTrue(yield* one.renew(1), "nobody has taken it meanwhile");
      assert.isNull(yield* two.take);
      yield* sql`UPDATE leases SET expires_at = clock_timestamp() - interval '1 second' WHERE name = 'lapsed'`;
      assert.strictEqual(yield* two.take, 2);
      assert.isFalse(yield* one.renew(1));
      yield* one.release(1);
      assert.isTrue(yield* two.renew(2), "what is not held cannot be released");
    }));
});
