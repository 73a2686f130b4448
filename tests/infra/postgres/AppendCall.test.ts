import { PgClient } from "@effect/sql-pg";
import { assert, layer } from "@effect/vitest";
import { Effect } from "effect";
import { callAppend } from "../../../infra/postgres/AppendCall.ts";
import { postgres } from "../../support/Databases.ts";
import { appendOf, newTenant, receivedBy } from "../../support/Fixtures.ts";

layer(postgres, { excludeTestServices: true })("A call of append_events", (it) => {
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
        { _tag: "Appended", version: 0, position: 2 },
        { _tag: "CommandIdReused" },
        { _tag: "Appended", version: 3, position: 5 },
      ]);
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
