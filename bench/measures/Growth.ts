import { Context, Effect } from "effect";
import { EventStore } from "../../services/EventStore.ts";
import type { BenchDatabase } from "../BenchServer.ts";
import { BenchServer } from "../BenchServer.ts";
import { openStore } from "../BenchStore.ts";
import { filled, LargeLog } from "../LargeLog.ts";
import { type Measure, rate } from "../Measure.ts";
import { appendsToNewStreams } from "../SampleAppends.ts";
import { eventsPerLife, uploadStream } from "../SampleLog.ts";

const smallLog = 1_000;

/** Both sides do the same, one on the large log and one on a log of a thousand events. */
const onBoth = (work: (store: EventStore["Service"], events: number) => Effect.Effect<number>) =>
  Effect.fnUntraced(function* (sizes: { readonly events: number }) {
    const server = yield* BenchServer;
    const small = yield* server.createDatabase;
    yield* filled(small, smallLog);
    const on = (database: BenchDatabase, events: number) =>
      Effect.map(openStore(database), (context) => work(Context.get(context, EventStore), events));
    return {
      ours: yield* on(yield* LargeLog.use(({ database }) => database), sizes.events),
      baseline: yield* on(small, smallLog),
    };
  });

const microseconds = (perSecond: Effect.Effect<number>) =>
  Effect.map(perSecond, (value) => 1_000_000 / value);

/** How long one append takes when nobody else appends. */
export const GrowthOfAppends: Measure = {
  name: "growth-append",
  title: "a lone append, on a large log",
  baseline: "the same on a log of a thousand events",
  unit: "µs",
  goal: { atMost: 1.2 },
  prepare: onBoth((store) =>
    Effect.suspend(() => {
      const appends = appendsToNewStreams(400, 1);
      return microseconds(rate(appends.length, Effect.forEach(appends, store.append, { discard: true })));
    })
  ),
};

/** How long it takes to read a stream of two events. */
export const GrowthOfReads: Measure = {
  name: "growth-read",
  title: "a point read of a stream, on a large log",
  baseline: "the same on a log of a thousand events",
  unit: "µs",
  goal: { atMost: 1.2 },
  prepare: onBoth((store, events) =>
    Effect.suspend(() => {
      const lives = Math.floor(events / eventsPerLife);
      // Steps of a prime visit streams all over the log in an order that no cache foresees.
      const streams = Array.from({ length: 2_000 }, (_, index) => uploadStream(1 + (index * 7_919) % lives));
      return microseconds(
        rate(streams.length, Effect.forEach(streams, (id) => store.readStream(id, 0), { discard: true })),
      );
    })
  ),
};
