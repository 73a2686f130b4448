import { Context, Effect } from "effect";
import { Position } from "../../domain/event/RecordedEvent.ts";
import { EventStore } from "../../services/EventStore.ts";
import { followLog } from "../../services/LogReader.ts";
import { openStore } from "../BenchStore.ts";
import { LargeLog } from "../LargeLog.ts";
import { type Measure, rate } from "../Measure.ts";
import { discard } from "../Programs.ts";

/** How many events of the log a run reads at most. */
const most = 200_000;

/** Reading the log from its beginning, every event decoded and checked, beside the server's own copy of the rows to nowhere. */
export const CatchUp: Measure = {
  name: "catch-up",
  title: "catch-up read, decoded",
  baseline: "`COPY (… ORDER BY position) TO STDOUT` of the same rows, to /dev/null",
  unit: "events/s",
  goal: { atLeast: 0.35 },
  prepare: Effect.fnUntraced(function* (sizes) {
    const database = yield* LargeLog.use(({ database }) => database);
    const store = Context.get(yield* openStore(database), EventStore);
    const count = Math.min(most, sizes.events);
    const read = followLog(
      store,
      { after: Position.make(0), limit: 1_000 },
      (events) => (events.at(-1)?.position ?? 0) >= count ? Effect.fail("reached" as const) : Effect.void,
    );
    return {
      ours: rate(count, Effect.catchIf(read, (error) => error === "reached", () => Effect.void)),
      baseline: rate(
        count,
        discard(
          database,
          `COPY (SELECT * FROM events WHERE position <= ${count} ORDER BY position) TO STDOUT`,
        ),
      ),
    };
  }),
};
