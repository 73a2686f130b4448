import { PgClient } from "@effect/sql-pg";
import { assert, layer } from "@effect/vitest";
import { Context, Effect, Exit, Fiber, Layer, Scope } from "effect";
import { TestClock } from "effect/testing";
import * as PgJobClaims from "../../../infra/postgres/PgJobClaims.ts";
import { JobClaims } from "../../../services/JobClaims.ts";
import { postgres } from "../../support/Databases.ts";
import { newId } from "../../support/Fixtures.ts";

/** The claims of a process. */
const newProcess = (holder: string) =>
  Effect.map(Layer.build(Layer.fresh(PgJobClaims.layer({ holder }))), Context.get(JobClaims));

/** Claims a job, and answers how to let go of it. */
const claimed = Effect.fnUntraced(function* ({ claim }: JobClaims, jobId: string) {
  const scope = yield* Scope.make();
  const letGo = Scope.close(scope, Exit.void);
  yield* Effect.onError(Scope.provide(claim(jobId), scope), () => letGo);
  return letGo;
});

/** The same for a process whose clock stands still: it never renews the claim. */
const claimedOnce = Effect.fnUntraced(function* (claims: JobClaims, jobId: string) {
  const clock = yield* Layer.build(TestClock.layer());
  return yield* Effect.provideContext(claimed(claims, jobId), clock);
});

const lapse = PgClient.PgClient.use((sql) => sql`UPDATE leases SET expires_at = now() - interval '1 second'`);

const leases = PgClient.PgClient.use((sql) => sql`SELECT holder FROM leases ORDER BY holder`);

layer(postgres, { excludeTestServices: true })("Claims of jobs", (it) => {
  it.effect("keep other processes waiting until the job is let go, and leave nothing behind", () =>
    Effect.gen(function* () {
      const [one, other] = [yield* newProcess("one"), yield* newProcess("other")];
      const [job, another] = [newId("cnv"), newId("cnv")];
      const letGo = yield* claimed(one, job);
      const waiting = yield* Effect.forkChild(claimed(other, job));
      // Another job is not held up, neither there nor here.
      yield* yield* claimed(other, another);
      yield* yield* claimed(one, another);
      assert.isUndefined(waiting.pollUnsafe());
      assert.match(String((yield* leases)[0]?.["holder"]), /^one /);
      yield* letGo;
      const letGoThere = yield* Fiber.join(waiting);
      assert.match(String((yield* leases)[0]?.["holder"]), /^other /);
      yield* letGoThere;
      assert.deepStrictEqual(yield* leases, []);
    }));

  it.effect("lapse when their process is silent; what it does later harms nobody", () =>
    Effect.gen(function* () {
      const [one, other] = [yield* newProcess("one"), yield* newProcess("other")];
      const job = newId("anl");
      const letGo = yield* claimedOnce(one, job);
      yield* lapse;
      const letGoThere = yield* claimed(other, job);
      yield* letGo;
      assert.match(String((yield* leases)[0]?.["holder"]), /^other /);
      yield* letGoThere;
    }));

  it.effect("that lapsed are cleared away by the next process that begins", () =>
    Effect.gen(function* () {
      const letGo = yield* claimedOnce(yield* newProcess("one"), newId("anl"));
      yield* newProcess("other");
      assert.lengthOf(yield* leases, 1);
      yield* lapse;
      yield* newProcess("third");
      assert.deepStrictEqual(yield* leases, []);
      yield* letGo;
    }));

  it.effect("are renewed while the job is in hand", () =>
    Effect.gen(function* () {
      const one = yield* newProcess("one");
      const sql = yield* PgClient.PgClient;
      const letGo = yield* claimed(one, newId("anl"));
      const expiry = Effect.map(
        sql`SELECT expires_at::text AS at FROM leases`,
        ([row]) => String(row?.["at"]),
      );
      const first = yield* expiry;
      yield* Effect.repeat(Effect.delay(expiry, "100 millis"), { until: (now) => now > first });
      yield* letGo;
    }));

  it.effect("are waited for no longer when the process stops", () =>
    Effect.gen(function* () {
      const [one, other] = [yield* newProcess("one"), yield* newProcess("other")];
      const job = newId("cnv");
      const letGo = yield* claimed(one, job);
      const waiting = yield* Effect.forkChild(claimed(other, job), { startImmediately: true });
      yield* Fiber.interrupt(waiting);
      assert.match(String((yield* leases)[0]?.["holder"]), /^one /);
      yield* letGo;
      assert.deepStrictEqual(yield* leases, []);
    }));
});
