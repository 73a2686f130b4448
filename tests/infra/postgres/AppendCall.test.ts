import { PgClient } from "@effect/sql-pg";
import { assert, layer } from "@effect/vitest";
import { Effect } from "effect";
import { Position } from "../../../domain/event/RecordedEvent.ts";
import { callAppend } from "../../../infra/postgres/AppendCall.ts";
import { isPermanent } from "../../../infra/postgres/SqlState.ts";
import { postgres } from "../../support/Databases.ts";
import { appendOf, newTenant, receivedBy } from "../../support/Fixtures.ts";

layer(postgres, { excludeTestServices: true })("A call of append_batch", (it) => {
  it.effect("judges each append of its batch for itself, in order", () =>
    Effect.gen(function* () {
      const sql = yield* PgClient.PgClient;
      const tenantId = newTenant();
      const events = (count: number) => Array.from({ length: count }, () => receivedBy(tenantId));
      const known = appendOf(tenantId, `${tenantId}/known`, 0, events(2), { rejection: { because: "so" } });
      const rows = (batch: Parameters<typeof callAppend>[1]) =>
        Effect.map(callAppend(sql, batch), (outcomes): ReadonlyArray<object | null> => outcomes);
      assert.deepStrictEqual(yield* rows([known]), [{ _tag: "Appended", version: 2, position: 2 }]);
      const batch = [
        appendOf(tenantId, `${tenantId}/a`, 0, events(2)),
        appendOf(tenantId, `${tenantId}/b`, 3, events(1)),
        known,
        appendOf(tenantId, `${tenantId}/c`, 0, []),
        appendOf(tenantId, `${tenantId}/d`, 0, events(1), { ...known.context, fingerprint: "other" }),
        appendOf(tenantId, `${tenantId}/known`, 2, events(1)),
      ];
      assert.deepStrictEqual(yield* rows(batch), [
        { _tag: "Appended", version: 2, position: 4 },
        { _tag: "Conflict", actualVersion: 0 },
        { _tag: "Duplicate", version: 2, position: 2, rejection: { because: "so" } },
        { _tag: "Appended", version: 0, position: 4 },
        { _tag: "CommandIdReused" },
        { _tag: "Appended", version: 3, position: 5 },
      ]);
      const again = yield* rows(batch.filter((_, index) => [0, 3, 5].includes(index)));
      assert.deepStrictEqual(again, [
        { _tag: "Duplicate", version: 2, position: 4, rejection: null },
        { _tag: "Duplicate", version: 0, position: 4, rejection: null },
        { _tag: "Duplicate", version: 3, position: 5, rejection: null },
      ]);
    }));

  it.effect("writes the others where a stream is there that should not be", () =>
    Effect.gen(function* () {
      const sql = yield* PgClient.PgClient;
      const tenantId = newTenant();
      const to = (stream: string, expected: number, size: number) =>
        appendOf(
          tenantId,
          `${tenantId}/${stream}`,
          expected,
          Array.from({ length: size }, () => receivedBy(tenantId)),
        );
      const [first] = yield* callAppend(sql, [to("there", 0, 2)]);
      const head = first?._tag === "Appended" ? first.position : assert.fail(first?._tag);
      const position = (more: number) => Position.make(head + more);
      const outcomes = yield* callAppend(sql, [
        to("a", 0, 1),
        to("there", 0, 1),
        to("b", 0, 2),
      ]);
      assert.deepStrictEqual<unknown>(outcomes, [
        { _tag: "Appended", version: 1, position: position(1) },
        { _tag: "Conflict", actualVersion: 2 },
        { _tag: "Appended", version: 2, position: position(3) },
      ]);
      assert.deepStrictEqual<unknown>(yield* callAppend(sql, [to("there", 0, 0), to("c", 0, 1)]), [
        { _tag: "Conflict", actualVersion: 2 },
        { _tag: "Appended", version: 1, position: position(4) },
      ]);
    }));

  it.effect("fails as a whole where an event's id is taken", () =>
    Effect.gen(function* () {
      const sql = yield* PgClient.PgClient;
      const tenantId = newTenant();
      const taken = appendOf(tenantId, `${tenantId}/a`, 0, [receivedBy(tenantId)]);
      yield* callAppend(sql, [taken]);
      const other = appendOf(tenantId, `${tenantId}/b`, 0, [receivedBy(tenantId)]);
      const fresh = appendOf(tenantId, `${tenantId}/c`, 0, [receivedBy(tenantId)]);
      const failure = yield* Effect.flip(callAppend(sql, [fresh, { ...other, events: taken.events }]));
      assert.isTrue(isPermanent(failure));
      const [outcome] = yield* callAppend(sql, [fresh]);
      assert.deepInclude(outcome, { _tag: "Appended", version: 1 });
    }));

  it.effect("tells rivals what became of the append that they compete with, and looks up their commands", () =>
    Effect.gen(function* () {
      const sql = yield* PgClient.PgClient;
      const tenantId = newTenant();
      const to = (stream: string, expected: number, meta: Parameters<typeof appendOf>[4] = {}) =>
        appendOf(tenantId, `${tenantId}/${stream}`, expected, [receivedBy(tenantId)], meta);
      const known = to("known", 0);
      const [first] = yield* callAppend(sql, [known]);
      assert.strictEqual(first?._tag, "Appended");
      const [won, stale, ...rivals] = yield* callAppend(sql, [to("new", 0), to("known", 0)], [
        to("new", 0),
        to("known", 0),
        known,
        to("new", 0, { ...known.context, fingerprint: "other" }),
      ]);
      assert.strictEqual(won?._tag, "Appended");
      assert.deepStrictEqual<unknown>(stale, { _tag: "Conflict", actualVersion: 1 });
      assert.deepStrictEqual<unknown>(rivals, [
        { _tag: "Conflict", actualVersion: 1 },
        { _tag: "Conflict", actualVersion: 1 },
        { ...first, _tag: "Duplicate", rejection: null },
        { _tag: "CommandIdReused" },
      ]);
      // One whose competitor wrote nothing may still win.
      const [, open] = yield* callAppend(sql, [known], [to("known", 0)]);
      assert.isNull(open);
      const [, older, right] = yield* callAppend(sql, [to("known", 7)], [to("known", 0), to("known", 1)]);
      assert.deepStrictEqual<unknown>([older, right], [{ _tag: "Conflict", actualVersion: 1 }, null]);
    }));
});
