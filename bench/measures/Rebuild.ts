import { Context, Effect } from "effect";
import { EventStore } from "../../services/EventStore.ts";
import { LargeLog } from "../LargeLog.ts";
import { type Measure, rate } from "../Measure.ts";
import { discard, psql } from "../Programs.ts";
import { openViews, rebuildUploads, uploadRows } from "../UploadsRebuild.ts";

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
    const context = yield* openViews(database);
    const upTo = yield* Effect.orDie(Context.get(context, EventStore).head);
    const rows = `${uploadRows} AND position <= ${upTo}`;
    const events = Number(yield* psql(database, `COPY (SELECT count(*) ${rows}) TO STDOUT`));
    return {
      ours: rate(events, Effect.provideContext(rebuildUploads(), context)),
      baseline: rate(events, discard(database, `SELECT * ${rows} ORDER BY position`)),
    };
  }),
};
