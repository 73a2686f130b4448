import { Context, Effect, Layer } from "effect";
import * as PgProjectionStore from "../../infra/postgres/PgProjectionStore.ts";
import * as PgShadows from "../../infra/postgres/PgShadows.ts";
import { EventStore } from "../../services/EventStore.ts";
import { follow } from "../../services/projections/Follow.ts";
import { Shadows } from "../../services/projections/Shadows.ts";
import { UploadsProjection } from "../../services/projections/UploadsProjection.ts";
import { openStore } from "../BenchStore.ts";
import { LargeLog } from "../LargeLog.ts";
import { type Measure, rate } from "../Measure.ts";
import { discard, psql } from "../Programs.ts";

/** A rebuild of the uploads view from a large log, to its end but without the swap, beside a query for the events that it applies. */
export const Rebuild: Measure = {
  name: "rebuild",
  title: "rebuild of the uploads projection",
  baseline: "ordered `SELECT` of the same rows, by psql to /dev/null",
  unit: "events/s",
  goal: { atLeast: 0.25 },
  mostRounds: 3,
  prepare: Effect.fnUntraced(function* () {
    const database = yield* LargeLog.use(({ database }) => database);
    const client = yield* openStore(database);
    const views = yield* Layer.mergeAll(PgProjectionStore.layer, PgShadows.layer).pipe(
      Layer.build,
      Effect.provideContext(client),
    );
    const context = Context.merge(client, views);
    const store = Context.get(context, EventStore);
    const { types } = UploadsProjection;
    const wanted = types.map((type) => `'${type}'`).join(", ");
    const upTo = yield* Effect.orDie(store.head);
    const rows = `FROM events WHERE position <= ${upTo} AND type IN (${wanted})`;
    const events = Number(yield* psql(database, `COPY (SELECT count(*) ${rows}) TO STDOUT`));

    const rebuild = Effect.gen(function* () {
      yield* Context.get(context, Shadows).begin(UploadsProjection, "rebuild");
      yield* follow({ projection: UploadsProjection, slot: "rebuild" }, {
        batchSize: 2_048,
        bound: Effect.succeed(Infinity),
        around: (_events, apply) => Effect.withTracerEnabled(apply, false),
        onEnd: () => Effect.succeed(true),
        onPoison: (_from, _event, error) => Effect.fail(error),
      });
    }).pipe(Effect.provideContext(context), Effect.withTracerEnabled(false));

    return {
      ours: rate(events, rebuild),
      baseline: rate(events, discard(database, `SELECT * ${rows} ORDER BY position`)),
    };
  }),
};
