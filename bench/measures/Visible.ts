import { NodeServices } from "@effect/platform-node";
import { Context, Effect, Layer, Redacted, Schedule } from "effect";
import * as InProcessBus from "../../infra/embedded/InProcessBus.ts";
import * as Database from "../../infra/postgres/Database.ts";
import * as PgConsumerPositions from "../../infra/postgres/PgConsumerPositions.ts";
import * as PgEventStore from "../../infra/postgres/PgEventStore.ts";
import * as PgParkedEvents from "../../infra/postgres/PgParkedEvents.ts";
import * as PgProjectionStore from "../../infra/postgres/PgProjectionStore.ts";
import * as PgShadows from "../../infra/postgres/PgShadows.ts";
import * as PgViews from "../../infra/postgres/PgViews.ts";
import { appendOf, newId, receivedBy } from "../../tests/support/Fixtures.ts";
import { EventBus } from "../../services/EventBus.ts";
import { EventStore } from "../../services/EventStore.ts";
import * as ProjectionRunner from "../../services/projections/ProjectionRunner.ts";
import { Views } from "../../services/views/Views.ts";
import { BenchServer } from "../BenchServer.ts";
import { type Measure, p99 } from "../Measure.ts";
import { tenant } from "../SampleLog.ts";

const bound = 25;
const appends = 300;
const every = 20;

/** One process that does everything, as the service does when it has no NATS: the log, the bus in the process, all views. */
const service = (url: string) =>
  Layer.merge(InProcessBus.layer, ProjectionRunner.layer).pipe(
    Layer.provideMerge(Layer.mergeAll(
      PgEventStore.layer({ callsInFlight: 2 }),
      PgProjectionStore.layer,
      PgShadows.layer,
      PgParkedEvents.layer,
      PgConsumerPositions.layer,
      PgViews.layer,
    )),
    Layer.provide(Database.layer(Redacted.make(url))),
    Layer.provide(NodeServices.layer),
  );

/** From the moment before an append to the answer of the query that finds the upload in its view. */
export const Visible: Measure = {
  name: "visible",
  title: "append to visible in the uploads view, idle, p99",
  baseline: "none; a bound",
  unit: "ms",
  goal: { atMost: 1 },
  mostRounds: 3,
  prepare: Effect.fnUntraced(function* () {
    const server = yield* BenchServer;
    const { url } = yield* server.createDatabase;
    const context = yield* Effect.orDie(Layer.build(service(url)));
    const store = Context.get(context, EventStore);
    const views = Context.get(context, Views);
    // The view is created by the runner, in its own time.
    const look = views.upload(tenant, newId("upl"));
    yield* Effect.orDie(Effect.retry(look, { schedule: Schedule.spaced("100 millis"), times: 100 }));
    yield* Context.get(context, EventBus).consume({
      name: "bench",
      types: ["UploadReceived"],
      concurrency: 4,
      handle: () => Effect.void,
      giveUp: null,
    });

    const one = Effect.gen(function* () {
      const uploadId = newId("upl");
      const append = appendOf(tenant, `${tenant}/${uploadId}`, 0, [receivedBy(tenant, { uploadId })]);
      const start = performance.now();
      yield* store.append(append);
      while ((yield* views.upload(tenant, uploadId)) === null);
      const taken = performance.now() - start;
      yield* Effect.sleep(Math.max(0, every - taken));
      return taken;
    });
    return {
      ours: Effect.map(Effect.orDie(Effect.replicateEffect(one, appends)), p99),
      baseline: Effect.succeed(bound),
    };
  }),
};
