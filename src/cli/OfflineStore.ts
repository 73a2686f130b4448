import { NodeServices } from "@effect/platform-node";
import { Effect, Layer } from "effect";
import { join } from "node:path";
import process from "node:process";
import { holdDirectory } from "../../infra/embedded/DirectoryLock.ts";
import * as EmbeddedPostgres from "../../infra/embedded/EmbeddedPostgres.ts";
import * as Database from "../../infra/postgres/Database.ts";
import * as PgEventStore from "../../infra/postgres/PgEventStore.ts";
import * as PgLogTransfer from "../../infra/postgres/PgLogTransfer.ts";
import * as PgParkedEvents from "../../infra/postgres/PgParkedEvents.ts";
import * as PgProjectionStore from "../../infra/postgres/PgProjectionStore.ts";
import * as PgShadows from "../../infra/postgres/PgShadows.ts";
import * as PgStoredEvents from "../../infra/postgres/PgStoredEvents.ts";
import { ProjectionControl } from "../../services/projections/ProjectionControl.ts";
import * as ProjectionRunner from "../../services/projections/ProjectionRunner.ts";
import * as LocalLogOperations from "../../services/transfer/LocalLogOperations.ts";
import { readSettings } from "../Settings.ts";

/** The database that the settings name, opened by this process: DATABASE_URL, or the embedded one, which nobody else may have open. */
const database = Layer.unwrap(Effect.gen(function* () {
  const { databaseUrl, dataDirectory } = yield* readSettings(process.env, false);
  if (databaseUrl !== null) return Database.layer(databaseUrl);
  return Layer.unwrap(Effect.as(
    holdDirectory(dataDirectory),
    EmbeddedPostgres.layer({ directory: join(dataDirectory, "postgres") }),
  ));
}));

/** The operations on that database; `projecting` also runs its projections. */
export const layer = ({ projecting }: { readonly projecting: boolean }) =>
  Layer.mergeAll(
    LocalLogOperations.layer,
    ProjectionControl.layer,
    projecting ? ProjectionRunner.layer : Layer.empty,
  ).pipe(
    Layer.provide([
      PgEventStore.layer({ callsInFlight: 1 }),
      PgStoredEvents.layer,
      PgLogTransfer.layer,
      PgProjectionStore.layer,
      PgShadows.layer,
      PgParkedEvents.layer,
    ]),
    Layer.provide(database),
    Layer.provide(NodeServices.layer),
  );
