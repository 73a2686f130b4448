import { PgClient } from "@effect/sql-pg";
import { assert, type Vitest } from "@effect/vitest";
import { Effect, type Scope } from "effect";
import { randomBytes } from "node:crypto";
import type { DomainEvent } from "../../../domain/event/DomainEvent.ts";
import { Position } from "../../../domain/event/RecordedEvent.ts";
import { tableOf, toRow } from "../../../infra/postgres/ViewTable.ts";
import type { Projection, ViewRow } from "../../../services/projections/Projection.ts";
import { eachProjection } from "../../../services/projections/Projections.ts";
import { ProjectionStore } from "../../../services/projections/ProjectionStore.ts";
import {
  analysisOf,
  conversionOf,
  encoder,
  failure,
  media,
  newId,
  newTenant,
  receivedBy,
  recorded,
  renderedOf,
  reportOn,
  user,
} from "../Fixtures.ts";
import { fold } from "../Folding.ts";
import { liveOf } from "../LiveViews.ts";
import { type Tally, tallyIn } from "../Tally.ts";

interface Given {
  readonly store: ReturnType<typeof liveOf>;
  readonly tally: Projection<Tally>;
  readonly rowsOf: <Row extends ViewRow>(
    projection: Projection<Row>,
  ) => Effect.Effect<ReadonlyArray<Row>, unknown>;
}

/** What every database that holds views keeps to. */
export const projectionStoreContract = (
  it: Vitest.MethodsNonLive<ProjectionStore | PgClient.PgClient>,
): void => {
  const test = (sentence: string, body: (given: Given) => Effect.fn.Return<void, unknown, Scope.Scope>) =>
    it.effect(sentence, () =>
      Effect.gen(function* () {
        const store = liveOf(yield* ProjectionStore);
        const sql = yield* PgClient.PgClient;
        const name = `tally_${randomBytes(6).toString("hex")}`;
        yield* Effect.addFinalizer(() =>
          Effect.orDie(Effect.andThen(
            sql`DELETE FROM projections WHERE name = ${name}`,
            sql.unsafe(`DROP TABLE IF EXISTS view_${name}_v1, view_${name}_v2`),
          ))
        );
        const rowsOf = <Row extends ViewRow>(projection: Projection<Row>) =>
          Effect.map(
            sql.unsafe(
              `SELECT to_jsonb(view) AS row FROM ${tableOf({ projection, slot: "live" })} view ORDER BY id`,
            ),
            (rows) => rows.map(toRow(projection)),
          );
        yield* Effect.gen(() => body({ store, tally: tallyIn(name), rowsOf }));
      }));

  const tenantId = newTenant();
  const [a, b] = [newId("upl"), newId("upl")];
  const received = (uploadId = a, note: string | null = null): DomainEvent =>
    receivedBy(tenantId, { uploadId, sessionId: note });
  const deleted: DomainEvent = { _tag: "UploadDeleted", uploadId: a, userId: user };
  const from = (position: number, ...events: ReadonlyArray<DomainEvent>) =>
    [Position.make(position), recorded(tenantId, events, position + 1)] as const;

  test("begins a view with an empty table, and keeps it as long as its version stays", function* (given) {
    const { store, tally, rowsOf } = given;
    assert.strictEqual(yield* store.prepare(tally), 0);
    assert.deepStrictEqual(yield* rowsOf(tally), []);
    yield* store.apply(tally, ...from(0, received()));
    assert.strictEqual(yield* store.prepare(tally), 1);
    assert.deepStrictEqual(yield* rowsOf(tally), [{ id: a, received: 1, lastNote: null }]);
  });

  test("keeps a view of each version, beside each other", function* ({ store, tally, rowsOf }) {
    yield* store.prepare(tally);
    yield* store.apply(tally, ...from(0, received()));
    const next = tallyIn(tally.name, 2);
    assert.strictEqual(yield* store.prepare(next), 0);
    assert.deepStrictEqual(yield* rowsOf(next), []);
    assert.isTrue(yield* store.apply(next, ...from(0, received(b), received(b))));
    assert.strictEqual(yield* store.prepare(tally), 1);
    assert.strictEqual(yield* store.prepare(next), 2);
    assert.deepStrictEqual(yield* rowsOf(tally), [{ id: a, received: 1, lastNote: null }]);
  });

  test("prepares a view once when several processes start together", function* ({ store, tally, rowsOf }) {
    const starts = Array.from({ length: 4 }, () => store.prepare(tally));
    assert.deepStrictEqual(
      yield* Effect.all(starts, { concurrency: "unbounded" }),
      [0, 0, 0, 0].map((zero) => Position.make(zero)),
    );
    assert.deepStrictEqual(yield* rowsOf(tally), []);
  });

  test("folds batch after batch, and moves the checkpoint to the last event", function* (given) {
    const { store, tally, rowsOf } = given;
    yield* store.prepare(tally);
    assert.isTrue(yield* store.apply(tally, ...from(0, received(a, "one"), received(b), received(a, null))));
    assert.strictEqual(yield* store.prepare(tally), 3);
    assert.isTrue(yield* store.apply(tally, ...from(3, received(b, "two"))));
    assert.strictEqual(yield* store.prepare(tally), 4);
    assert.deepStrictEqual(yield* rowsOf(tally), [
      { id: a, received: 2, lastNote: null },
      { id: b, received: 2, lastNote: "two" },
    ]);
  });

  test(
    "moves the checkpoint past events that the view does not look at",
    function* ({ store, tally, rowsOf }) {
      yield* store.prepare(tally);
      const other: DomainEvent = { _tag: "ConversionCancelled", conversionId: newId("cnv") };
      assert.isTrue(yield* store.apply(tally, ...from(0, other, other)));
      assert.strictEqual(yield* store.prepare(tally), 2);
      assert.deepStrictEqual(yield* rowsOf(tally), []);
    },
  );

  test("removes a row whose last event has come, and begins a new one after that", function* (given) {
    const { store, tally, rowsOf } = given;
    yield* store.prepare(tally);
    yield* store.apply(tally, ...from(0, received(), received(b), deleted));
    assert.deepStrictEqual(yield* rowsOf(tally), [{ id: b, received: 1, lastNote: null }]);
    yield* store.apply(tally, ...from(3, received(), received()));
    yield* store.apply(tally, ...from(5, received(), deleted, received(a, "new")));
    assert.deepStrictEqual(yield* rowsOf(tally), [
      { id: a, received: 1, lastNote: "new" },
      { id: b, received: 1, lastNote: null },
    ]);
    yield* store.apply(tally, ...from(8, deleted));
    assert.deepStrictEqual(yield* rowsOf(tally), [{ id: b, received: 1, lastNote: null }]);
  });

  test("changes nothing when another runner has moved the checkpoint", function* ({ store, tally, rowsOf }) {
    yield* store.prepare(tally);
    yield* store.apply(tally, ...from(0, received(), received()));
    const before = yield* rowsOf(tally);
    for (const stale of [0, 1, 3]) {
      assert.isFalse(yield* store.apply(tally, ...from(stale, received(), received(b))));
    }
    assert.strictEqual(yield* store.prepare(tally), 2);
    assert.deepStrictEqual(yield* rowsOf(tally), before);
  });

  test("lets one of several runners apply what follows a checkpoint", function* ({ store, tally, rowsOf }) {
    yield* store.prepare(tally);
    for (const round of [0, 1, 2]) {
      const runs = Array.from({ length: 6 }, () => store.apply(tally, ...from(round, received())));
      const applied = yield* Effect.all(runs, { concurrency: "unbounded" });
      assert.lengthOf(applied.filter((each) => each), 1);
    }
    assert.deepStrictEqual(yield* rowsOf(tally), [{ id: a, received: 3, lastNote: null }]);
  });

  test("leaves the rows and the checkpoint alone when folding or writing fails", function* (given) {
    const { store, tally, rowsOf } = given;
    yield* store.prepare(tally);
    yield* store.apply(tally, ...from(0, received()));
    const before = yield* rowsOf(tally);

    const rejected: DomainEvent = { _tag: "UploadRejected", uploadId: a, reason: failure };
    const folding = yield* Effect.flip(store.apply(tally, ...from(1, received(b), rejected)));
    assert.strictEqual(folding.reason, "Poison");
    const tooMany = Array.from({ length: 5 }, () => received());
    const writing = yield* Effect.flip(store.apply(tally, ...from(1, received(b), ...tooMany)));
    assert.strictEqual(writing.reason, "Poison");
    const keysOf = () => {
      throw new Error("This event has no key");
    };
    const finding = yield* Effect.flip(store.apply({ ...tally, keysOf }, ...from(1, received(b))));
    assert.strictEqual(finding.reason, "Poison");

    assert.strictEqual(yield* store.prepare(tally), 1);
    assert.deepStrictEqual(yield* rowsOf(tally), before);
    assert.isTrue(yield* store.apply(tally, ...from(1, received(b))));
  });

  test(
    "keeps exactly the rows that every view folds, however the log is cut into batches",
    function* (given) {
      const { store, rowsOf } = given;
      const log = recorded(tenantId, histories());
      const check = Effect.fnUntraced(
        function* <Row extends ViewRow>(original: Projection<Row>, size: number) {
          const projection = { ...original, version: 1_000 + size };
          yield* store.prepare(projection);
          for (let at = 0; at < log.length; at += size) {
            assert.isTrue(yield* store.apply(projection, Position.make(at), log.slice(at, at + size)));
          }
          const rows = yield* rowsOf(projection);
          assert.deepStrictEqual(rows, fold(projection, log));
          assert.isNotEmpty(rows);
        },
      );
      for (const size of [1, 2, 7, log.length]) {
        yield* Effect.all(eachProjection((projection) => check(projection, size)));
      }
    },
  );

  /** Histories of an upload of each outcome, of conversions and of analyses, interleaved. */
  const histories = (): ReadonlyArray<DomainEvent> => {
    const [ready, rejected] = [
      receivedBy(tenantId, {
        sessionId: "s",
        filename: 'Übung "1" \\ 音楽 🎵.MP3',
        metadata: { "": null, deep: [{ a: 0.1 }, "'"] },
      }),
      receivedBy(tenantId, { contentType: null, sizeBytes: 2 ** 40 }),
    ];
    const [first, second, third] = [conversionOf(ready), conversionOf(ready), conversionOf(ready)];
    const [measured, given] = [analysisOf(ready), analysisOf(ready)];
    const { conversionId } = first;
    const { analysisId } = measured;
    return [
      ready,
      rejected,
      { _tag: "UploadReady", uploadId: ready.uploadId, media: { ...media, bitRate: null } },
      { _tag: "UploadRejected", uploadId: rejected.uploadId, reason: failure },
      first,
      measured,
      second,
      { _tag: "ConversionStarted", conversionId, attempt: 1 },
      { _tag: "AnalysisStarted", analysisId, attempt: 1 },
      { _tag: "ConversionProgressed", conversionId, attempt: 1, progress: 0.30000000000000004 },
      { _tag: "ConversionFailed", conversionId, reason: failure },
      { _tag: "AnalysisProgressed", analysisId, attempt: 1, progress: 0.5 },
      { _tag: "ConversionCancelled", conversionId: second.conversionId },
      { _tag: "ConversionRetried", conversionId },
      { _tag: "AnalysisReleased", analysisId, attempt: 1 },
      { _tag: "ConversionStarted", conversionId, attempt: 2 },
      given,
      third,
      { _tag: "ConversionReleased", conversionId, attempt: 2 },
      { _tag: "AnalysisStarted", analysisId, attempt: 2 },
      { _tag: "ConversionStarted", conversionId, attempt: 3 },
      { _tag: "AnalysisCompleted", analysisId, report: reportOn({ tenantId, ...ready }, analysisId) },
      {
        _tag: "ConversionCompleted",
        conversionId,
        outputs: [renderedOf(tenantId, first)],
        failed: [],
        encoder,
      },
      { _tag: "AnalysisCancelled", analysisId: given.analysisId },
      { _tag: "ConversionRetried", conversionId: second.conversionId },
      { _tag: "UploadDeleted", uploadId: ready.uploadId, userId: user },
    ];
  };
};
