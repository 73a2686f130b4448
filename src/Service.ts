import { NodeServices } from "@effect/platform-node";
import { Layer } from "effect";
import { join } from "node:path";
import * as EmbeddedPostgres from "../infra/embedded/EmbeddedPostgres.ts";
import * as InProcessBus from "../infra/embedded/InProcessBus.ts";
import * as FfmpegMediaEngine from "../infra/media/FfmpegMediaEngine.ts";
import * as Database from "../infra/postgres/Database.ts";
import * as PgApiKeys from "../infra/postgres/PgApiKeys.ts";
import * as PgEventStore from "../infra/postgres/PgEventStore.ts";
import * as PgProjectionStore from "../infra/postgres/PgProjectionStore.ts";
import * as PgViews from "../infra/postgres/PgViews.ts";
import * as LocalBlobStore from "../infra/storage/LocalBlobStore.ts";
import * as Logging from "../infra/telemetry/Logging.ts";
import * as Tracing from "../infra/telemetry/Tracing.ts";
import { Actors } from "../services/actors/Actors.ts";
import { Limits } from "../services/Limits.ts";
import * as ProjectionRunner from "../services/projections/ProjectionRunner.ts";
import * as Reactors from "../services/reactors/Reactors.ts";
import * as BootstrapKey from "./BootstrapKey.ts";
import * as HttpServer from "./http/HttpServer.ts";
import type { Settings } from "./Settings.ts";

/** The whole service in one process: every adapter that the settings choose, every role, and the HTTP server on top. */
export const layer = (settings: Settings) => {
  const { dataDirectory, databaseUrl, maxDurationSeconds, maxUploadBytes, workerConcurrency } = settings;

  const database = databaseUrl === null
    ? EmbeddedPostgres.layer({ directory: join(dataDirectory, "postgres") })
    : Database.layer(databaseUrl);

  const stores = Layer.mergeAll(
    PgEventStore.layer({ callsInFlight: databaseUrl === null ? 1 : 2 }),
    PgProjectionStore.layer,
    PgViews.layer,
    PgApiKeys.layer,
  ).pipe(Layer.provideMerge(database));

  const adapters = Layer.mergeAll(
    InProcessBus.layer,
    Actors.layer,
    LocalBlobStore.layer({ directory: settings.storageDirectory }),
    FfmpegMediaEngine.layer({ workDirectory: join(dataDirectory, "work") }),
  ).pipe(Layer.provideMerge(stores));

  return Layer.mergeAll(
    HttpServer.layer(settings),
    ProjectionRunner.layer,
    Reactors.layer,
  ).pipe(
    Layer.provideMerge(BootstrapKey.layer(settings)),
    Layer.provide(adapters),
    Layer.provide(Layer.succeed(Limits, { maxDurationSeconds, maxUploadBytes, workerConcurrency })),
    Layer.provide(NodeServices.layer),
    Layer.provide(settings.exportTraces ? Tracing.layer(settings) : Layer.empty),
    Layer.provide(Logging.layer({ format: settings.logFormat, level: settings.logLevel })),
  );
};
