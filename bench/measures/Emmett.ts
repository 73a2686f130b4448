import { Context, Effect } from "effect";
import { EventStore } from "../../services/EventStore.ts";
import { BenchServer } from "../BenchServer.ts";
import { openStore } from "../BenchStore.ts";
import { type Measure, rate } from "../Measure.ts";
import { ownProgram } from "../Programs.ts";
import { appendsToNewStreams } from "../SampleAppends.ts";

const concurrency = 64;

/** The same appends by Emmett's event store for Postgres, in a process of its own. */
export const Emmett: Measure = {
  name: "emmett",
  title: "1-event appends to new streams, 64 concurrent",
  baseline: "`@event-driven-io/emmett-postgresql`, same events, same concurrency",
  unit: "events/s",
  goal: { atLeast: 10 },
  prepare: Effect.fnUntraced(function* () {
    const server = yield* BenchServer;
    const store = Context.get(yield* openStore(yield* server.createDatabase), EventStore);
    const { url } = yield* server.createDatabase;
    return {
      ours: Effect.suspend(() => {
        const appends = appendsToNewStreams(20_000, 1);
        return rate(appends.length, Effect.forEach(appends, store.append, { concurrency, discard: true }));
      }),
      baseline: Effect.map(ownProgram("EmmettProcess.ts", [url]), Number),
    };
  }),
};
