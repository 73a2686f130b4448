import { NodeServices } from "@effect/platform-node";
import { Context, Effect, Layer, Redacted, Schedule } from "effect";
import * as InProcessBus from "../../infra/embedded/InProcessBus.ts";
import * as JetStreamBus from "../../infra/nats/JetStreamBus.ts";
import * as JetStreamRelayStream from "../../infra/nats/JetStreamRelayStream.ts";
import { Nats } from "../../infra/nats/Nats.ts";
import * as NatsHeadSignal from "../../infra/nats/NatsHeadSignal.ts";
import * as Database from "../../infra/postgres/Database.ts";
import * as PgConsumerPositions from "../../infra/postgres/PgConsumerPositions.ts";
import * as PgEventStore from "../../infra/postgres/PgEventStore.ts";
import * as PgLease from "../../infra/postgres/PgLease.ts";
import * as PgParkedEvents from "../../infra/postgres/PgParkedEvents.ts";
import * as PgProjectionStore from "../../infra/postgres/PgProjectionStore.ts";
import * as PgShadows from "../../infra/postgres/PgShadows.ts";
import * as PgViews from "../../infra/postgres/PgViews.ts";
import { appendOf, newId, receivedBy } from "../../tests/support/Fixtures.ts";
import { EventBus } from "../../services/EventBus.ts";
import { EventStore } from "../../services/EventStore.ts";
import * as ProjectionRunner from "../../services/projections/ProjectionRunner.ts";
import { Relay } from "../../services/relay/Relay.ts";
import { Views } from "../../services/views/Views.ts";
import { benchNats } from "../BenchNats.ts";
import { BenchServer } from "../BenchServer.ts";
import { type Measure, p99 } from "../Measure.ts";
import { runningProgram } from "../Programs.ts";
import { tenant } from "../SampleLog.ts";

const bound = 25;
const appends = 300;
const every = 20;

/** What every process has open on the log and the views. */
const parts = Layer.mergeAll(
  PgEventStore.layer({ callsInFlight: 2 }),
  PgProjectionStore.layer,
  PgShadows.layer,
  PgParkedEvents.layer,
  PgConsumerPositions.layer,
  PgViews.layer,
);

const database = (url: string) => Layer.provideMerge(Database.layer(Redacted.make(url)), NodeServices.layer);

/** One process that does everything, as the service does when it has no NATS: the log, the bus in the process, all views. */
const alone = (url: string) =>
  Layer.merge(InProcessBus.layer, ProjectionRunner.layer).pipe(
    Layer.provideMerge(parts),
    Layer.provide(database(url)),
  );

/** A process that keeps no views: the log, the relay and the bus on NATS. */
const overNats = (url: string, natsUrl: string) =>
  Layer.merge(JetStreamBus.layer, Relay.layer().pipe(Layer.provide(JetStreamRelayStream.layer))).pipe(
    Layer.provide(PgLease.layer({ name: "relay", holder: "bench" })),
    Layer.provideMerge(parts),
    Layer.provide(NatsHeadSignal.layer),
    Layer.provide(Nats.layer(Redacted.make(natsUrl))),
    Layer.provide(database(url)),
  );

/** The milliseconds, p99, from before an append to the answer of the query that finds the upload in its view, with a consumer on the bus. */
const visible = Effect.fnUntraced(function* (context: Context.Context<EventStore | Views | EventBus>) {
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
});

const common = { baseline: "none; a bound", unit: "ms", goal: { atMost: 1 }, mostRounds: 3 } as const;

/** How soon a view shows what was appended, in one process with the bus in it. */
export const Visible: Measure = {
  ...common,
  name: "visible",
  title: "append to visible in the uploads view, idle, one process, p99",
  prepare: Effect.fnUntraced(function* () {
    const { url } = yield* BenchServer.use(({ createDatabase }) => createDatabase);
    return yield* visible(yield* Effect.orDie(Layer.build(alone(url))));
  }),
};

/** The same with NATS as the bus, and the views kept by a process of their own. */
export const VisibleOverNats: Measure = {
  ...common,
  name: "visible-nats",
  title: "append to visible in the uploads view, idle, NATS between two processes, p99",
  prepare: Effect.fnUntraced(function* () {
    const { url } = yield* BenchServer.use(({ createDatabase }) => createDatabase);
    const nats = yield* benchNats;
    const context = yield* Effect.orDie(Layer.build(overNats(url, nats.url)));
    yield* runningProgram("ProjectorProcess.ts", [url, nats.url]);
    return yield* visible(context);
  }),
};
