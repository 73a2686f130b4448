import { PgClient } from "@effect/sql-pg";
import { assert, layer } from "@effect/vitest";
import { Arbitrary, Context, Effect, Layer, Schema } from "effect";
import type { TenantId } from "../../../domain/Id.ts";
import type { Append, EventStore } from "../../../services/EventStore.ts";
import { client, connectedStore } from "../../support/Databases.ts";
import { appendOf, newTenant, receivedBy } from "../../support/Fixtures.ts";
import { eventsOf, type Exchange, faultsOf } from "../../support/LogModel.ts";
import { TestDatabase } from "../../support/TestDatabase.ts";

/** Three processes: each has its own connections to the one database, and gathers its own batches. */
class Processes extends Context.Service<Processes, ReadonlyArray<EventStore["Service"]>>()(
  "tapedeck/tests/infra/postgres/Processes",
) {
  static readonly layer = Layer.effect(
    Processes,
    Effect.all([connectedStore, connectedStore, connectedStore]),
  );
}

/** One append of a client, told so that it can be tried again smaller. */
const Step = Schema.Struct({
  stream: Schema.Literals(["a", "b", "c"]),
  /** Which version is expected: the last that the process knows, or one that is wrong by so much. */
  off: Schema.Literals([0, 0, 0, 0, -1, 1]),
  events: Schema.Literals([1, 0, 2, 5]),
  /** Whether a refusal is remembered instead of nothing. */
  refused: Schema.Boolean,
  /**
   * A command of its own; one that was sent before, unchanged or decided anew; or another one under an id that was used
   * before.
   */
  command: Schema.Literals(["new", "new", "new", "again", "redecided", "reused", "late"]),
  /** Which of the commands that were sent before. */
  pick: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 30 })),
  /** How often others get a turn before it is sent. */
  pause: Schema.Literals([0, 0, 1, 4, 12]),
});
type Step = typeof Step.Type;

/** For each process its clients, which work at once, and for each of those its appends, one after another. */
const programs = Arbitrary.array(
  Arbitrary.array(Arbitrary.array(Arbitrary.schema(Step), { maxLength: 10 }), { maxLength: 6 }),
  { minLength: 2, maxLength: 3 },
);

const run = Effect.fnUntraced(function* (
  program: ReadonlyArray<ReadonlyArray<ReadonlyArray<Step>>>,
  tenantId: TenantId,
) {
  const stores = yield* Processes;
  const exchanges: Array<Exchange> = [];
  const sent: Array<Append> = [];
  let moment = 0;

  const exchange = Effect.fnUntraced(function* (store: EventStore["Service"], append: Append) {
    sent.push(append);
    const asked = moment++;
    const outcome = yield* store.append(append);
    exchanges.push({ append, outcome, sent: asked, answered: moment++ });
    return outcome;
  });

  const appendFor = (step: Step, versions: ReadonlyMap<string, number>): Append => {
    const streamId = `${tenantId}/${step.stream}`;
    const version = Math.max(0, (versions.get(streamId) ?? 0) + step.off);
    const events = Array.from({ length: step.events }, () => receivedBy(tenantId));
    const rejection = step.refused ? { reason: step.pick } : null;
    const before = sent[step.pick % Math.max(1, sent.length)];
    if (step.command === "late") {
      return appendOf(tenantId, streamId, version, events, { deadline: new Date(0) });
    }
    if (before === undefined || step.command === "new") {
      return appendOf(tenantId, streamId, version, events, { rejection });
    }
    const { commandId } = before.context;
    switch (step.command) {
      case "again":
        return before;
      case "redecided":
        return appendOf(tenantId, before.streamId, versions.get(before.streamId) ?? 0, events, {
          commandId,
          rejection,
          fingerprint: before.fingerprint,
        });
      case "reused":
        return appendOf(tenantId, streamId, version, events, {
          commandId,
          fingerprint: `other ${step.pick}`,
        });
    }
  };

  yield* Effect.forEach(program, (clients, index) => {
    const store = stores[index] ?? assert.fail();
    const versions = new Map<string, number>();
    return Effect.forEach(clients, (steps) =>
      Effect.forEach(
        steps,
        Effect.fnUntraced(function* (step) {
          for (let turn = 0; turn < step.pause; turn++) yield* Effect.yieldNow;
          const append = appendFor(step, versions);
          const outcome = yield* exchange(store, append);
          if (outcome._tag === "Appended") versions.set(append.streamId, outcome.version);
          if (outcome._tag === "Conflict") versions.set(append.streamId, outcome.actualVersion);
        }),
        { discard: true },
      ), { concurrency: "unbounded", discard: true });
  }, { concurrency: "unbounded", discard: true });

  // At the end every command is repeated, by another process.
  yield* Effect.forEach([...sent], (append, index) => exchange(stores[index % 3] ?? assert.fail(), append), {
    concurrency: "unbounded",
    discard: true,
  });
  return exchanges;
});

const connected = Layer.provideMerge(Processes.layer, client).pipe(
  Layer.provideMerge(TestDatabase.unflushed),
);

layer(connected, { excludeTestServices: true })("Processes that append at once", (it) => {
  it.effect.prop(
    "are answered as one log that takes an append at a time would answer, and write that log",
    [programs],
    ([program]) =>
      Effect.gen(function* () {
        const sql = yield* PgClient.PgClient;
        const [store] = yield* Processes;
        const start = yield* store?.head ?? assert.fail();
        const exchanges = yield* run(program, newTenant());
        assert.deepStrictEqual(faultsOf(start, exchanges), []);
        const rows = yield* sql`
          SELECT position::float8 AS position, stream_id AS "streamId", version::float8 AS version, event_id AS "eventId"
          FROM events WHERE position > ${start}::bigint ORDER BY events.position`;
        assert.deepStrictEqual(
          rows.map((row) => ({ ...row })),
          eventsOf(start, exchanges).map((event) => ({ ...event })),
        );
        assert.strictEqual(yield* store?.head ?? assert.fail(), start + rows.length);
      }),
    { arbitrary: { runs: 80, size: 40, maxShrinks: 300 } },
  );
});
