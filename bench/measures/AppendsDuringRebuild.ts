import { Context, Effect } from "effect";
import { EventStore } from "../../services/EventStore.ts";
import { eachProjection } from "../../services/projections/Projections.ts";
import { ProjectionStore } from "../../services/projections/ProjectionStore.ts";
import { Shadows } from "../../services/projections/Shadows.ts";
import { UploadsProjection } from "../../services/projections/UploadsProjection.ts";
import type { BenchDatabase } from "../BenchServer.ts";
import { LargeLog } from "../LargeLog.ts";
import { type Measure, p99 } from "../Measure.ts";
import { psql, runningProgram } from "../Programs.ts";
import { appendsToNewStreams } from "../SampleAppends.ts";
import { openViews } from "../UploadsRebuild.ts";

const appenders = 4;
const each = 500;
/** Milliseconds between two appends of one appender. */
const every = 20;

/** The latency of an append in milliseconds, p99, at 200 a second. One that is late because the one before it took long counts from when it was due. */
const latency = (store: EventStore["Service"]) =>
  Effect.gen(function* () {
    const latencies: Array<number> = [];
    const begin = performance.now();
    const appender = Effect.fnUntraced(function* (index: number) {
      for (const [number, append] of appendsToNewStreams(each, 1).entries()) {
        const due = begin + (number + index / appenders) * every;
        const pause = due - performance.now();
        if (pause > 0) yield* Effect.sleep(pause);
        const start = pause > 0 ? performance.now() : due;
        yield* store.append(append);
        latencies.push(performance.now() - start);
      }
    });
    const all = Array.from({ length: appenders }, (_, index) => appender(index));
    yield* Effect.all(all, { concurrency: "unbounded" });
    return p99(latencies);
  });

/** A projector in a process of its own; its live views begin at the end of the log. */
const startProjector = Effect.fnUntraced(function* (
  database: BenchDatabase,
  store: ProjectionStore["Service"],
) {
  yield* Effect.all(eachProjection((projection) => store.prepare({ projection, slot: "live" })));
  yield* psql(
    database,
    "UPDATE projections SET position = log_head.position FROM log_head WHERE slot = 'live'",
  );
  yield* runningProgram("ProjectorProcess.ts", [database.url]);
});

/** How long appends take while another process rebuilds the uploads view of a large log. */
export const AppendsDuringRebuild: Measure = {
  name: "append-p99-rebuild",
  title: "append during a rebuild, 200 a second, p99",
  baseline: "the same without a rebuild",
  unit: "ms",
  goal: { atMost: 1.5 },
  mostRounds: 3,
  prepare: Effect.fnUntraced(function* () {
    const database = yield* LargeLog.use(({ database }) => database);
    const context = yield* openViews(database);
    const [log, views] = [Context.get(context, EventStore), Context.get(context, ProjectionStore)];
    const { begin } = Context.get(context, Shadows);
    yield* Effect.orDie(startProjector(database, views));

    /** Where the rebuild is; `null` when none is under way. */
    const position = Effect.map(
      views.slots(UploadsProjection),
      (slots) => slots.find(({ slot }) => slot === "rebuild")?.position ?? null,
    );
    // A log that is not large is rebuilt again and again.
    const rebuilding = Effect.gen(function* () {
      if ((yield* position) === null) yield* begin(UploadsProjection, "rebuild");
    }).pipe(Effect.andThen(Effect.sleep("100 millis")), Effect.forever);
    const giveUp = Effect.andThen(
      psql(database, "DELETE FROM projections WHERE slot = 'rebuild'"),
      Effect.sleep("1 second"),
    );

    // The first rebuild also shows that the projector is there.
    yield* Effect.orDie(begin(UploadsProjection, "rebuild"));
    yield* Effect.orDie(position).pipe(
      Effect.delay("100 millis"),
      Effect.repeat({ while: (at) => at === 0 }),
      Effect.timeout("1 minute"),
      Effect.orDie,
    );
    const duringRebuild = latency(log).pipe(Effect.raceFirst(rebuilding), Effect.orDie);

    return {
      ours: Effect.ensuring(duringRebuild, giveUp),
      baseline: Effect.orDie(latency(log)),
    };
  }),
};
