import { PgClient } from "@effect/sql-pg";
import { assert, layer } from "@effect/vitest";
import { Effect, Layer, Result, type Scope, Stream } from "effect";
import { Position } from "../../../domain/event/RecordedEvent.ts";
import * as PgEventStore from "../../../infra/postgres/PgEventStore.ts";
import * as PgLogTransfer from "../../../infra/postgres/PgLogTransfer.ts";
import * as PgStoredEvents from "../../../infra/postgres/PgStoredEvents.ts";
import { EventStore } from "../../../services/EventStore.ts";
import { exportLog } from "../../../services/transfer/LogExport.ts";
import type { LogFileRefused } from "../../../services/transfer/LogFormat.ts";
import { importLog } from "../../../services/transfer/LogImport.ts";
import type { LogTransfer } from "../../../services/transfer/LogTransfer.ts";
import type { StoredEvents } from "../../../services/transfer/StoredEvents.ts";
import { appendOf, failure, newId, newTenant, receivedBy } from "../Fixtures.ts";
import { sealed, unsealed } from "../LogFile.ts";
import type { Json } from "../RunningService.ts";

type Services = EventStore | StoredEvents | LogTransfer | PgClient.PgClient | Scope.Scope;

const bytesOf = (text: string, size = 1_000) => {
  const bytes = new TextEncoder().encode(text);
  const count = Math.ceil(bytes.length / size);
  return Stream.fromIterable(
    Array.from({ length: count }, (_, index) => bytes.subarray(index * size, (index + 1) * size)),
  );
};

const exported = Stream.unwrap(exportLog).pipe(Stream.decodeText(), Stream.mkString);

const bring = (text: string, dryRun = false) => importLog(bytesOf(text), { dryRun });

const emptied = Effect.gen(function* () {
  const sql = yield* PgClient.PgClient;
  yield* sql`TRUNCATE events, command_receipts`;
  yield* sql`UPDATE log_head SET position = 0, epoch = gen_random_uuid()`;
});

/** Everything that makes a log: its rows, as text, and its head with the epoch. */
const contents = Effect.gen(function* () {
  const sql = yield* PgClient.PgClient;
  const events = yield* sql`SELECT to_jsonb(events)::text AS row FROM events ORDER BY position`;
  const receipts = yield* sql`
    SELECT to_jsonb(r)::text AS row FROM command_receipts r ORDER BY tenant_id, command_id`;
  const [head] = yield* sql`SELECT position::float8, epoch::text FROM log_head`;
  return { events, receipts, position: head?.["position"], epoch: head?.["epoch"] };
});

const rejection = { _tag: "UploadError", reason: "NotFound", detail: ["why", null, 1.5] };

/** Two tenants, three streams, every nullable column with and without a value, text that is hard to keep, and a refused command. */
const written = Effect.gen(function* () {
  const store = yield* EventStore;
  const [a, b] = [newTenant(), newTenant()];
  const first = appendOf(a, `${a}/one`, 0, [receivedBy(a, { filename: 'n\u0001"ö\u2028🎧\\n.mp3' })]);
  const second = appendOf(b, `${b}/two`, 0, [receivedBy(b), receivedBy(b)], {
    traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    causationId: first.events[0]?.eventId ?? null,
  });
  const appends = [
    first,
    second,
    appendOf(a, `${a}/one`, 1, [{ _tag: "UploadRejected", uploadId: newId("upl"), reason: failure }]),
    appendOf(a, `${a}/none`, 0, [], { rejection }),
    appendOf(b, `${b}/three`, 0, [receivedBy(b, { metadata: { deep: [1e-7, 1.5e300, null, {}] } })]),
  ];
  for (const append of appends) assert.strictEqual((yield* store.append(append))._tag, "Appended");
  return { appends, a, b };
});

/** What every database keeps to that logs are moved between. */
export const logTransferContract = <E>(
  name: string,
  database: Layer.Layer<PgClient.PgClient, E>,
): void => {
  const adapters = Layer.mergeAll(
    PgEventStore.layer({ callsInFlight: 1 }),
    PgStoredEvents.layer,
    PgLogTransfer.layer,
  );
  layer(Layer.provideMerge(adapters, database), { excludeTestServices: true })(name, (it) => {
    const test = (sentence: string, body: () => Effect.fn.Return<void, unknown, Services>) =>
      it.effect(sentence, () => Effect.andThen(emptied, Effect.gen(body)));

    test("brings a log over to the last byte, under an epoch of its own", function* () {
      yield* written;
      const before = yield* contents;
      const text = yield* exported;
      yield* emptied;
      const empty = yield* contents;
      const imported = yield* bring(text);
      const after = yield* contents;
      assert.deepStrictEqual(after.events, before.events);
      assert.deepStrictEqual(after.receipts, before.receipts);
      assert.strictEqual(after.position, 5);
      assert.notInclude([before.epoch, empty.epoch], after.epoch);
      assert.deepStrictEqual(imported, {
        events: 5,
        receipts: 5,
        sourceEpoch: String(before.epoch),
        epoch: String(after.epoch),
      });
      assert.deepStrictEqual(unsealed(yield* exported).slice(1), unsealed(text).slice(1));
    });

    test("goes on where the log that was brought over ended, and honours its receipts", function* () {
      const store = yield* EventStore;
      const { appends, a } = yield* written;
      const text = yield* exported;
      yield* emptied;
      yield* bring(text);
      for (const append of appends) {
        const again = yield* store.append(append);
        assert(again._tag === "Duplicate");
        assert.deepStrictEqual(again.rejection, append.rejection);
      }
      const next = yield* store.append(appendOf(a, `${a}/one`, 2, [receivedBy(a)]));
      assert.deepStrictEqual(next, { _tag: "Appended", version: 3, position: Position.make(6) });
    });

    test("writes nothing in a dry run, and tells the same", function* () {
      yield* written;
      const text = yield* exported;
      yield* emptied;
      const before = yield* contents;
      const dry = yield* bring(text, true);
      assert.deepStrictEqual(yield* contents, before);
      assert.deepStrictEqual({ ...(yield* bring(text)), epoch: null }, dry);
    });

    test("takes nothing into a log that has events", function* () {
      yield* written;
      const text = yield* exported;
      const before = yield* contents;
      for (const dryRun of [true, false]) {
        const refused = yield* Effect.result(bring(text, dryRun));
        assert(Result.isFailure(refused) && refused.failure._tag === "LogNotEmpty");
        assert.strictEqual(refused.failure.head, 5);
      }
      assert.deepStrictEqual(yield* contents, before);
    });

    test("moves an empty log", function* () {
      const text = yield* exported;
      assert.lengthOf(unsealed(text), 2);
      assert.include(yield* bring(text), { events: 0, receipts: 0 });
    });

    test("moves more than fits into one page, and leaves out what is appended meanwhile", function* () {
      const store = yield* EventStore;
      const tenantId = newTenant();
      const count = 2_100;
      for (let index = 0; index < count; index += 300) {
        yield* Effect.forEach(
          Array.from({ length: 300 }, (_, offset) => `${tenantId}/${index + offset}`),
          (streamId) => store.append(appendOf(tenantId, streamId, 0, [receivedBy(tenantId)])),
          { concurrency: "unbounded" },
        );
      }
      let appended = false;
      const late = Effect.gen(function* () {
        if (appended) return;
        appended = true;
        yield* store.append(appendOf(tenantId, `${tenantId}/late`, 0, [receivedBy(tenantId)]));
      });
      const text = yield* Stream.unwrap(exportLog).pipe(
        Stream.tap(() => late),
        Stream.decodeText(),
        Stream.mkString,
      );
      assert.strictEqual(yield* store.head, count + 1);
      yield* emptied;
      assert.include(yield* bring(text), { events: count, receipts: count });
      assert.strictEqual((yield* contents).events.length, count);
    });

    test("leaves nothing of a file that is damaged or cut, and names the line", function* () {
      yield* written;
      const text = yield* exported;
      yield* emptied;
      const before = yield* contents;
      const lines = text.split("\n");
      const damages: ReadonlyArray<readonly [string, number]> = [
        [text.replace("UploadRejected", "UploadAccepted"), 5],
        [text.slice(0, -40), 12],
        [lines.slice(0, 11).join("\n"), 12],
        [lines.slice(0, 3).join("\n"), 4],
        ["", 1],
      ];
      for (const [damaged, line] of damages) {
        const refused = yield* Effect.result(bring(damaged));
        assert(Result.isFailure(refused) && refused.failure._tag === "LogFileRefused");
        assert.strictEqual(refused.failure.line, line);
      }
      assert.deepStrictEqual(yield* contents, before);
    });

    test("leaves nothing of a file whose transport fails", function* () {
      yield* written;
      const text = yield* exported;
      yield* emptied;
      const before = yield* contents;
      const cut = Stream.concat(bytesOf(text.slice(0, -300)), Stream.fail("the wire is cut" as const));
      assert.deepStrictEqual(
        yield* Effect.result(importLog(cut, { dryRun: false })),
        Result.fail("the wire is cut" as const),
      );
      assert.deepStrictEqual(yield* contents, before);
    });

    // Lines 2 to 6 are the events, 7 to 11 the receipts, 12 is the trailer. The chain of each file is right.
    const forgeries: ReadonlyArray<[string, number, RegExp, (lines: Array<Json>) => void]> = [
      ["a stream that does not begin at version 1", 2, /version 1 of stream .* and 2 was found/, (lines) => {
        lines[1].version = 2;
      }],
      ["a stream with a version left out", 5, /version 2 of stream .* and 3 was found/, (lines) => {
        lines[4].version = 3;
      }],
      ["an event id that was there before", 4, /event id evt_\w+ was there before/, (lines) => {
        lines[3].eventId = lines[1].eventId;
      }],
      ["an event type that this program does not know", 6, /cannot read the event UploadEaten/, (lines) => {
        lines[5].type = "UploadEaten";
      }],
      ["a version of a type that is newer than this program", 3, /UploadReceived, version 99/, (lines) => {
        lines[2].schemaVersion = 99;
      }],
      ["an event whose data has another shape", 5, /cannot read the event UploadRejected/, (lines) => {
        delete lines[4].data.reason;
      }],
      ["two receipts of one command", 9, /has a receipt before/, (lines) => {
        lines[8] = lines[7];
      }],
      ["a receipt beyond the end of its stream", 7, /names version 9 of stream/, (lines) => {
        lines[6].version = 9;
      }],
      ["text that the database cannot hold", 2, /line 6 .* cannot hold/, (lines) => {
        lines[1].data.filename = "a\u0000b";
      }],
    ];
    for (const [what, line, detail, forge] of forgeries) {
      test(`refuses ${what}, names the line, and leaves nothing`, function* () {
        yield* written;
        const lines = unsealed(yield* exported);
        yield* emptied;
        const before = yield* contents;
        forge(lines);
        for (const dryRun of [true, false]) {
          const refused: Result.Result<unknown, unknown> = yield* Effect.result(bring(sealed(lines), dryRun));
          assert(Result.isFailure(refused));
          assert.propertyVal(refused.failure, "_tag", "LogFileRefused");
          assert.propertyVal(refused.failure, "line", line);
          assert.match((refused.failure as LogFileRefused).detail, detail);
        }
        assert.deepStrictEqual(yield* contents, before);
      });
    }
  });
};
