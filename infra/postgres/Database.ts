import { PgClient } from "@effect/sql-pg";
import { Layer, type Redacted } from "effect";
import * as Migrations from "./Migrations.ts";

/** A migrated Postgres 14 or later behind `DATABASE_URL`. */
export const layer = (url: Redacted.Redacted) =>
  Migrations.layer.pipe(
    Layer.provideMerge(PgClient.layer({ url, maxConnections: 10, applicationName: "tapedeck" })),
  );
