import { PgClient } from "@effect/sql-pg";
import { assert, layer } from "@effect/vitest";
import { Arbitrary, Effect, Layer, Schema } from "effect";
import { Position, type RecordedEvent } from "../../../domain/event/RecordedEvent.ts";
import * as PgProjectionStore from "../../../infra/postgres/PgProjectionStore.ts";
import * as PgShadows from "../../../infra/postgres/PgShadows.ts";
import { tableOf, toRow } from "../../../infra/postgres/ViewTable.ts";
import type { Projection, ViewRow } from "../../../services/projections/Projection.ts";
import { eachProjection } from "../../../services/projections/Projections.ts";
import { ProjectionStore, type Target } from "../../../services/projections/ProjectionStore.ts";
import { Shadows } from "../../../services/projections/Shadows.ts";
import { client } from "../../support/Databases.ts";
import { fold } from "../../support/Folding.ts";
import { histories } from "../../support/Histories.ts";
import { batchOf } from "../../support/LiveViews.ts";
import { restored } from "../../support/TallyTests.ts";
import { TestDatabase } from "../../support/TestDatabase.ts";

/** The lengths of the batches into which a log is cut; they are taken in turn until it ends. */
const cuts = Arbitrary.array(Arbitrary.schema(Schema.Literals([1, 2, 5, 20, 60, 0])), {
  minLength: 3,
  maxLength: 6,
});

/** Applies what a log holds up to a position to a slot that stands at its beginning, cut into batches. */
const applyInCuts = Effect.fnUntraced(function* <Row extends ViewRow>(
  target: Target<Row>,
  log: ReadonlyArray<RecordedEvent>,
  lengths: ReadonlyArray<number>,
) {
  const store = yield* ProjectionStore;
  for (let at = 0, cut = 0; at < log.length; cut++) {
    const end = at + (lengths[cut] ?? 30);
    const batch = batchOf(target.projection, Position.make(at), log.slice(at, end));
    assert.isTrue(yield* store.apply(target, Position.make(at), batch, 0));
    at = batch.reached;
  }
});

const rowsIn = <Row extends ViewRow>(target: Target<Row>) =>
  Effect.flatMap(PgClient.PgClient, (sql) =>
    Effect.map(
      sql.unsafe(`SELECT to_jsonb(view) AS row FROM ${tableOf(target)} view ORDER BY id COLLATE "C"`),
      (rows) => rows.map(toRow(target.projection)),
    ));

/** Builds a view of a log live, then anew beside it, and verifies what has taken its place. */
const check = Effect.fnUntraced(function* <Row extends ViewRow>(
  projection: Projection<Row>,
  log: ReadonlyArray<RecordedEvent>,
  lengths: { readonly [Slot in "live" | "rebuild" | "verify"]: ReadonlyArray<number> },
) {
  const [store, shadows] = [yield* ProjectionStore, yield* Shadows];
  const live = { projection, slot: "live" } as const;
  const rows = fold(projection, log);
  yield* store.prepare(live);
  yield* applyInCuts(live, log, lengths.live);
  assert.deepStrictEqual(yield* rowsIn(live), rows, projection.name);

  yield* shadows.begin(projection, "rebuild");
  yield* applyInCuts({ projection, slot: "rebuild" }, log, lengths.rebuild);
  assert.isTrue(yield* shadows.swap(projection));
  assert.deepStrictEqual(yield* rowsIn(live), rows, projection.name);

  yield* shadows.begin(projection, "verify");
  yield* applyInCuts({ projection, slot: "verify" }, log.slice(0, log.length / 2), lengths.verify);
  const found = yield* shadows.compare(
    projection,
    (after, limit) => Effect.succeed(batchOf(projection, after, log.slice(after, after + limit))),
  );
  assert.deepInclude<object | null>(found, { position: log.length, rows: rows.length, differences: 0 });
});

const keepers = Layer.merge(PgProjectionStore.layer, PgShadows.layer).pipe(
  Layer.provideMerge(client),
  Layer.provide(TestDatabase.unflushed),
);

layer(keepers, { excludeTestServices: true })("Every view of any history", (it) => {
  it.effect.prop(
    "has live, rebuilt and verified the rows that it folds, however the log is cut into batches",
    [histories, Arbitrary.all({ live: cuts, rebuild: cuts, verify: cuts })],
    ([log, lengths]) =>
      Effect.gen(function* () {
        // Empties the views of the history before.
        yield* restored(yield* PgClient.PgClient);
        yield* Effect.all(eachProjection((projection) => check(projection, log, lengths)), {
          concurrency: 3,
          discard: true,
        });
      }),
    { arbitrary: { runs: 15, size: 60, maxShrinks: 40 } },
  );

  it.effect("is tried with histories in which everything happens", () =>
    Effect.gen(function* () {
      const logs = yield* Arbitrary.sampleEffect(histories, { count: 300, seed: "histories", size: 60 });
      const met = new Set(logs.flat().map(({ event }) => event._tag));
      assert.sameMembers([...met], [...new Set(eachProjection(({ types }) => types).flat())]);
      assert.isTrue(
        logs.some((log) => {
          const deletion = log.findIndex(({ event }) => event._tag === "UploadDeleted");
          const uploads = log.slice(0, deletion + 1).flatMap(({ event }) =>
            event._tag === "UploadDeleted" ? [event.uploadId] : []
          );
          return log.slice(deletion + 1).some(({ event }) =>
            event._tag === "ConversionCompleted" &&
            uploads.some((id) => event.outputs[0].key.includes(id))
          );
        }),
        "a conversion completes after the deletion of its upload",
      );
    }));
});
