import { assert, layer } from "@effect/vitest";
import { Effect, Layer, Result } from "effect";
import * as PgEventStore from "../../../infra/postgres/PgEventStore.ts";
import { Position } from "../../../domain/event/RecordedEvent.ts";
import { makeAppendBatcher } from "../../../infra/postgres/AppendBatcher.ts";
import { type Append, EventStore } from "../../../services/EventStore.ts";
import { postgres } from "../../support/Databases.ts";
import { appendOf, newId, newTenant, receivedBy } from "../../support/Fixtures.ts";

const store = Layer.provide(PgEventStore.layer({ callsInFlight: 2 }), postgres);

layer(store, { excludeTestServices: true })("Appends that wait at the same time", (it) => {
  const together = (appends: ReadonlyArray<Append>) =>
    Effect.gen(function* () {
      const { append } = yield* EventStore;
      return yield* Effect.all(appends.map((each) => Effect.result(append(each))), {
        concurrency: "unbounded",
      });
    });

  const successes = <A, E>(results: ReadonlyArray<Result.Result<A, E>>) =>
    results.map((result) => Result.isSuccess(result) ? result.success : assert.fail(String(result.failure)));

  it.effect("and want the same version of a stream: the first has it, the others hear of it", () =>
    Effect.gen(function* () {
      const tenantId = newTenant();
      const streamId = `${tenantId}/a`;
      const rivals = Array.from(
        { length: 16 },
        () => appendOf(tenantId, streamId, 0, [receivedBy(tenantId), receivedBy(tenantId)]),
      );
      const [first, ...others] = successes(yield* together(rivals));
      assert.deepInclude(first, { _tag: "Appended", version: 2 });
      assert.deepStrictEqual(others, others.map(() => ({ _tag: "Conflict" as const, actualVersion: 2 })));
      const stale = successes(yield* together(rivals.map((rival) => ({ ...rival, expectedVersion: 1 }))));
      assert.strictEqual(stale[0]?._tag, "Duplicate");
      assert.deepStrictEqual(
        stale.slice(1),
        others.map(() => ({ _tag: "Conflict" as const, actualVersion: 2 })),
      );
    }));

  it.effect("and want several versions of a stream: who expects the newest goes first, and the others hear of it", () =>
    Effect.gen(function* () {
      const tenantId = newTenant();
      const appendAt = (expectedVersion: number) =>
        appendOf(tenantId, `${tenantId}/a`, expectedVersion, [receivedBy(tenantId)]);
      yield* together([appendAt(0)]);
      const stale = Array.from({ length: 12 }, () => appendAt(0));
      const outcomes = successes(yield* together([...stale, appendAt(9), appendAt(1)]));
      assert.deepInclude(outcomes.at(-1), { _tag: "Appended", version: 2 });
      for (const { _tag } of outcomes.slice(0, -1)) assert.strictEqual(_tag, "Conflict");
      const [first] = yield* together([appendAt(2)]).pipe(Effect.map(successes));
      assert.deepInclude(first, { _tag: "Appended", version: 3 });
      const later = successes(yield* together([...stale.map(() => appendAt(2)), appendAt(3)]));
      assert.deepStrictEqual(
        later.slice(0, -1),
        stale.map(() => ({ _tag: "Conflict" as const, actualVersion: 4 })),
      );
    }));

  it.effect("and want the same stream again and again: all have their turns", () =>
    Effect.gen(function* () {
      const { append } = yield* EventStore;
      const tenantId = newTenant();
      const written: Array<string> = [];
      const writer = Effect.fnUntraced(function* (name: string) {
        let expected = 0;
        let own = 0;
        while (own < 20) {
          const outcome = yield* append(
            appendOf(tenantId, `${tenantId}/a`, expected, [receivedBy(tenantId)]),
          );
          if (outcome._tag === "Appended") {
            written.push(name);
            own++;
            expected = outcome.version;
          } else if (outcome._tag === "Conflict") expected = outcome.actualVersion;
          else assert.fail(outcome._tag);
        }
      });
      const writers = ["a", "b", "c", "d", "e", "f"];
      yield* Effect.all(writers.map(writer), { concurrency: "unbounded" });
      // While all of them still write, each has one of any dozen places.
      for (let start = 0; start < 60; start++) {
        assert.sameMembers([...new Set(written.slice(start, start + 12))], writers);
      }
    }));

  it.effect("and want the same version: one has it although a repeated command stood before it", () =>
    Effect.gen(function* () {
      const tenantId = newTenant();
      const streamId = `${tenantId}/a`;
      const known = appendOf(tenantId, streamId, 0, [receivedBy(tenantId)]);
      yield* together([known]);
      const next = appendOf(tenantId, streamId, 1, [receivedBy(tenantId)]);
      const outcomes = successes(yield* together([{ ...known, expectedVersion: 1 }, next]));
      assert.deepInclude(outcomes[0], { _tag: "Duplicate", version: 1 });
      assert.deepInclude(outcomes[1], { _tag: "Appended", version: 2 });
    }));

  it.effect("and want the same version: one has it although the one before it cannot be stored", () =>
    Effect.gen(function* () {
      const tenantId = newTenant();
      const unstorable = receivedBy(tenantId, { metadata: { note: "NUL \u0000 in a text" } });
      const results = yield* together(
        [unstorable, receivedBy(tenantId)].map((event) => appendOf(tenantId, `${tenantId}/a`, 0, [event])),
      );
      assert.isTrue(results[0] && Result.isFailure(results[0]) && results[0].failure.reason === "Rejected");
      assert.isTrue(results[1] && Result.isSuccess(results[1]) && results[1].success._tag === "Appended");
    }));

  it.effect("and bear the same command: the second hears what became of the first", () =>
    Effect.gen(function* () {
      const tenantId = newTenant();
      const commandId = newId("cmd");
      const both = ["a", "b"].map((name) =>
        appendOf(tenantId, `${tenantId}/${name}`, 0, [receivedBy(tenantId)], { commandId })
      );
      const tags = successes(yield* together(both)).map(({ _tag }) => _tag);
      assert.sameMembers(tags, ["Appended", "Duplicate"]);
    }));
});

layer(postgres, { excludeTestServices: true })("A batcher of appends", (it) => {
  it.effect("tells how far the log has grown, once for a call and before it answers", () =>
    Effect.gen(function* () {
      const tenantId = newTenant();
      const told: Array<Position> = [];
      const append = yield* makeAppendBatcher(1, (position) => Effect.sync(() => told.push(position)));
      const positions = yield* Effect.forEach(["a", "b", "c"], (name) =>
        Effect.map(
          append(appendOf(tenantId, `${tenantId}/${name}`, 0, [receivedBy(tenantId)])),
          (outcome) => {
            const position = outcome._tag === "Appended" ? outcome.position : assert.fail(outcome._tag);
            assert.isAtLeast(told.at(-1) ?? 0, position);
            return position;
          },
        ), { concurrency: "unbounded" });
      assert.deepStrictEqual(told, [Position.make(Math.max(...positions))]);
      yield* append(appendOf(tenantId, `${tenantId}/a`, 0, [receivedBy(tenantId)]));
      assert.lengthOf(told, 1);
    }));
});
