import { Context, Effect } from "effect";
import { type Append, EventStore } from "../../services/EventStore.ts";
import { BenchServer } from "../BenchServer.ts";
import { openStore } from "../BenchStore.ts";
import { type Measure, rate } from "../Measure.ts";
import { pgbench, psql } from "../Programs.ts";
import { appendTo } from "../SampleAppends.ts";
import { tenant } from "../SampleLog.ts";
import { newId } from "../../tests/support/Fixtures.ts";

const writers = 16;
const each = 240;

/** Sixteen writers of one stream, each trying again after a conflict, beside sixteen clients that update one row. */
export const HotStream: Measure = {
  name: "hot-stream",
  title: "hot stream, 16 writers with conflicts and retries",
  baseline: "`pgbench`, update of a single row, 16 clients",
  unit: "writes/s",
  goal: { atLeast: 0.5 },
  prepare: Effect.fnUntraced(function* () {
    const server = yield* BenchServer;
    const store = Context.get(yield* openStore(yield* server.createDatabase), EventStore);
    const plain = yield* server.createDatabase;
    yield* psql(
      plain,
      "CREATE TABLE hot (id integer PRIMARY KEY, version bigint NOT NULL); INSERT INTO hot VALUES (1, 0)",
    );

    const write = Effect.fnUntraced(function* (appends: ReadonlyArray<Append>) {
      let expectedVersion = 0;
      for (const append of appends) {
        while (true) {
          const outcome = yield* store.append({ ...append, expectedVersion });
          if (outcome._tag !== "Appended" && outcome._tag !== "Conflict") {
            throw new Error(`A write became ${outcome._tag}`);
          }
          expectedVersion = outcome._tag === "Appended" ? outcome.version : outcome.actualVersion;
          if (outcome._tag === "Appended") break;
        }
      }
    });

    return {
      ours: Effect.gen(function* () {
        const streamId = `${tenant}/${newId("upl")}`;
        const writes = Array.from(
          { length: writers },
          () => write(Array.from({ length: each }, () => appendTo(streamId, 0, 1))),
        );
        const perSecond = yield* rate(writers * each, Effect.all(writes, { concurrency: "unbounded" }));
        const stored = yield* Effect.orDie(store.readStream(streamId, 0));
        if (stored.length !== writers * each) {
          throw new Error(`${stored.length} of ${writers * each} writes are there`);
        }
        return perSecond;
      }),
      baseline: pgbench(plain, {
        script: "UPDATE hot SET version = version + 1 WHERE id = 1;",
        clients: writers,
        each,
      }),
    };
  }),
};
