import { NodeServices } from "@effect/platform-node";
import { Effect, Layer, Redacted } from "effect";
import * as Database from "../infra/postgres/Database.ts";
import * as PgEventStore from "../infra/postgres/PgEventStore.ts";
import type { BenchDatabase } from "./BenchServer.ts";

/** The store as the service runs it on a Postgres server, and its client, on a migrated database. */
export const openStore = ({ url }: BenchDatabase) =>
  PgEventStore.layer({ callsInFlight: 2 }).pipe(
    Layer.provideMerge(Database.layer(Redacted.make(url))),
    Layer.provide(NodeServices.layer),
    Layer.build,
    Effect.orDie,
  );
