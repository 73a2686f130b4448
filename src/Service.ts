import { NodeServices } from "@effect/platform-node";
import { Effect, Layer } from "effect";
import { join } from "node:path";
import * as EmbeddedPostgres from "../infra/embedded/EmbeddedPostgres.ts";
import * as FfmpegMediaEngine from "../infra/media/FfmpegMediaEngine.ts";
import { Nats } from "../infra/nats/Nats.ts";
import * as NatsHeadSignal from "../infra/nats/NatsHeadSignal.ts";
import * as Database from "../infra/postgres/Database.ts";
import * as PgConsumerPositions from "../infra/postgres/PgConsumerPositions.ts";
import * as PgApiKeys from "../infra/postgres/PgApiKeys.ts";
import * as PgEventStore from "../infra/postgres/PgEventStore.ts";
import * as PgJobClaims from "../infra/postgres/PgJobClaims.ts";
import * as PgLogTransfer from "../infra/postgres/PgLogTransfer.ts";
import * as PgOutdatedAnalyses from "../infra/postgres/PgOutdatedAnalyses.ts";
import * as PgOverviews from "../infra/postgres/PgOverviews.ts";
import * as PgParkedEvents from "../infra/postgres/PgParkedEvents.ts";
import * as PgProjectionStore from "../infra/postgres/PgProjectionStore.ts";
import * as PgShadows from "../infra/postgres/PgShadows.ts";
import * as PgStoredEvents from "../infra/postgres/PgStoredEvents.ts";
import * as PgViews from "../infra/postgres/PgViews.ts";
import * as HttpRemoteFiles from "../infra/remote/HttpRemoteFiles.ts";
import * as LocalBlobStore from "../infra/storage/LocalBlobStore.ts";
import * as Logging from "../infra/telemetry/Logging.ts";
import * as Tracing from "../infra/telemetry/Tracing.ts";
import { Actors } from "../services/actors/Actors.ts";
import { BlobStore } from "../services/BlobStore.ts";
import { EventStore } from "../services/EventStore.ts";
import { Limits } from "../services/Limits.ts";
import { ProjectionControl } from "../services/projections/ProjectionControl.ts";
import * as ProjectionRunner from "../services/projections/ProjectionRunner.ts";
import * as Reactors from "../services/reactors/Reactors.ts";
import { AnalysisRefresh } from "../services/refresh/AnalysisRefresh.ts";
import * as LocalLogOperations from "../services/transfer/LocalLogOperations.ts";
import { Views } from "../services/views/Views.ts";
import * as BootstrapKey from "./BootstrapKey.ts";
import * as Bus from "./Bus.ts";
import * as HttpServer from "./http/HttpServer.ts";
import { processName } from "./ProcessName.ts";
import * as Recognising from "./Recognising.ts";
import { Readiness, type ReadinessPart } from "./Readiness.ts";
import type { Role, Settings } from "./Settings.ts";

/** What this process is asked to do, on the adapters that the settings choose, and an HTTP server on top. */
export const layer = (settings: Settings) => {
  const { dataDirectory, databaseUrl, maxDurationSeconds, maxUploadBytes, natsUrl, workerConcurrency } =
    settings;
  const has = (role: Role) => settings.roles.includes(role);

  const database = databaseUrl === null
    ? EmbeddedPostgres.layer({ directory: join(dataDirectory, "postgres") })
    : Database.layer(databaseUrl);

  const nats = natsUrl === null ? null : Layer.provideMerge(NatsHeadSignal.layer, Nats.layer(natsUrl));

  const stores = Layer.mergeAll(
    PgEventStore.layer({ callsInFlight: databaseUrl === null ? 1 : 2 }).pipe(
      Layer.provide(nats ?? Layer.empty),
    ),
    PgProjectionStore.layer,
    PgShadows.layer,
    PgParkedEvents.layer,
    PgOutdatedAnalyses.layer,
    PgOverviews.layer,
    PgViews.layer,
    PgApiKeys.layer,
    PgStoredEvents.layer,
    PgLogTransfer.layer,
    PgConsumerPositions.layer,
  ).pipe(Layer.provideMerge(database));

  const bus = nats === null ? Bus.inProcess(settings) : Bus.overNats(settings).pipe(Layer.provide(nats));
  const media = FfmpegMediaEngine.layer({ workDirectory: join(dataDirectory, "work") });
  const recogniser = Recognising.layer(settings.recogniser);
  const blobs = LocalBlobStore.layer({ directory: settings.storageDirectory });

  const api = HttpServer.layer(settings).pipe(
    Layer.provide([LocalLogOperations.layer, ProjectionControl.layer, AnalysisRefresh.layer]),
    Layer.provide(
      Layer.effect(Readiness, Effect.all([ofLog, ofBus, ofBlobs, ofViews]).pipe(Effect.map(flat))),
    ),
    Layer.provideMerge(BootstrapKey.layer(settings)),
    Layer.provide([Actors.layer, blobs, media, recogniser]),
    Layer.provide(HttpRemoteFiles.layer({ networks: settings.urlNetworks })),
  );
  const probes = HttpServer.probesLayer(settings).pipe(
    Layer.provide(Layer.effect(Readiness, Effect.all([ofLog, ofBus]).pipe(Effect.map(flat)))),
  );
  const worker = Reactors.layer.pipe(
    Layer.provide([Actors.layer, blobs, media, recogniser]),
    Layer.provide(nats === null ? Layer.empty : PgJobClaims.layer({ holder: processName })),
  );

  return Layer.mergeAll(
    has("api") ? api : probes,
    has("projector") ? ProjectionRunner.layer : Layer.empty,
    has("worker") ? worker : Layer.empty,
  ).pipe(
    Layer.provide(bus),
    Layer.provide(stores),
    Layer.provide(Layer.succeed(Limits, { maxDurationSeconds, maxUploadBytes, workerConcurrency })),
    Layer.provide(NodeServices.layer),
    Layer.provide(settings.exportTraces ? Tracing.layer(settings) : Layer.empty),
    Layer.provide(Logging.layer({ format: settings.logFormat, level: settings.logLevel })),
  );
};

const flat = (parts: ReadonlyArray<ReadonlyArray<ReadinessPart>>): ReadonlyArray<ReadinessPart> =>
  parts.flat();

const part = (name: string, check: Effect.Effect<unknown, unknown>, complaint: string) => [
  { name, check, complaint, isEssential: true },
];

const ofBus = Bus.BusReadiness.use(Effect.succeed);

const ofLog = EventStore.useSync(({ head }) => part("eventStore", head, "The event store does not answer"));

const ofBlobs = BlobStore.useSync(({ check }) =>
  part("blobStore", check, "The blob store cannot be written to")
);

const ofViews = Effect.gen(function* () {
  const { head } = yield* EventStore;
  const { awaitPosition } = yield* Views;
  const isCaughtUp = Effect.flatMap(head, awaitPosition).pipe(
    // An operator wanted it so; the others are served all the same.
    Effect.catchIf(
      (error) => error._tag === "ViewsError" && error.reason._tag === "Behind" && error.reason.isPaused,
      () => Effect.void,
    ),
  );
  return part("views", isCaughtUp, "The views are behind the log");
});
