import { Context, Effect } from "effect";
import { EventStore } from "../../services/EventStore.ts";
import { baselineTables, hundredEvents, oneEvent, oneEventAndReceipt } from "../BaselineTables.ts";
import { BenchServer } from "../BenchServer.ts";
import { openStore } from "../BenchStore.ts";
import { type Measure, rate } from "../Measure.ts";
import { pgbench, psql } from "../Programs.ts";
import { appendsToNewStreams, receivedJson } from "../SampleAppends.ts";

/** The store's appends of `size` events to new streams beside a script of pgbench that does the same, both `concurrency` at once. */
const besidePgbench = (
  { size, concurrency, appends, script }: {
    readonly size: number;
    readonly concurrency: number;
    readonly appends: number;
    readonly script: string;
  },
) =>
  Effect.fnUntraced(function* () {
    const server = yield* BenchServer;
    const store = Context.get(yield* openStore(yield* server.createDatabase), EventStore);
    const plain = yield* server.createDatabase;
    yield* psql(plain, baselineTables);
    const transactions = pgbench(plain, {
      script,
      clients: concurrency,
      each: appends / concurrency,
      variables: { data: receivedJson },
    });
    return {
      ours: Effect.suspend(() => {
        const batch = appendsToNewStreams(appends, size);
        return rate(appends * size, Effect.forEach(batch, store.append, { concurrency, discard: true }));
      }),
      baseline: Effect.map(transactions, (perSecond) => perSecond * size),
    };
  });

/** One event to a new stream, 64 at once, beside the same row inserted alone. */
export const NewStreams: Measure = {
  name: "append",
  title: "1-event appends to new streams, 64 concurrent",
  baseline: "`pgbench`, the same event row, one a transaction, 64 clients",
  unit: "events/s",
  goal: { atLeast: 2 },
  prepare: besidePgbench({ size: 1, concurrency: 64, appends: 19_200, script: oneEvent }),
};

/** The same beside a baseline that, like the store, also writes the receipt. */
export const NewStreamsAndReceipts: Measure = {
  ...NewStreams,
  name: "append-receipts",
  baseline: "`pgbench`, the same event row and receipt, one of each a transaction, 64 clients",
  prepare: besidePgbench({ size: 1, concurrency: 64, appends: 19_200, script: oneEventAndReceipt }),
};

/** A hundred events to a new stream in one append, beside one statement of a hundred rows. */
export const HundredEvents: Measure = {
  name: "append-100",
  title: "100-event appends to new streams, 16 concurrent",
  baseline: "`pgbench`, 100 of the same event rows by one `INSERT … SELECT`, 16 clients",
  unit: "events/s",
  goal: { atLeast: 0.75 },
  prepare: besidePgbench({ size: 100, concurrency: 16, appends: 480, script: hundredEvents }),
};
