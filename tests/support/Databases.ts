import { NodeServices } from "@effect/platform-node";
import { Context, Effect, Layer } from "effect";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as EmbeddedPostgres from "../../infra/embedded/EmbeddedPostgres.ts";
import * as Database from "../../infra/postgres/Database.ts";
import * as PgEventStore from "../../infra/postgres/PgEventStore.ts";
import { EventStore } from "../../services/EventStore.ts";
import { copyTemplate } from "./EmbeddedTemplate.ts";
import { TestDatabase } from "./TestDatabase.ts";

/** A pool of connections to the test database, migrated. */
export const client = Layer.unwrap(TestDatabase.use(({ url }) => Effect.succeed(Database.layer(url)))).pipe(
  Layer.provide(NodeServices.layer),
);

/** A migrated database of its own on the test run's Postgres server. */
export const postgres = Layer.provide(client, TestDatabase.layer);

/** A store with connections of its own to the test database, as another process would have. */
export const connectedStore = Effect.gen(function* () {
  const store = Layer.provide(PgEventStore.layer({ callsInFlight: 2 }), client);
  return Context.get(yield* Layer.build(Layer.fresh(store)), EventStore);
});

const directory = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "tapedeck-database-"))),
  (path) => Effect.promise(() => rm(path, { recursive: true })),
).pipe(Effect.tap((path) => Effect.promise(() => copyTemplate(path))));

/** A migrated embedded database with its files in a temporary directory. */
export const embedded = Layer.unwrap(
  Effect.map(directory, (path) => EmbeddedPostgres.layer({ directory: path })),
).pipe(Layer.provide(NodeServices.layer));
