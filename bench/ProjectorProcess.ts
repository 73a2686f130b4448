/** A program that runs all projections of the database whose URL it is given, and the rebuilds that others begin, as the role `projector` does. */
import "../src/FiberContext.ts";
import { NodeServices } from "@effect/platform-node";
import { Effect, Layer, Redacted, Schema } from "effect";
import process from "node:process";
import * as Database from "../infra/postgres/Database.ts";
import * as PgEventStore from "../infra/postgres/PgEventStore.ts";
import * as PgParkedEvents from "../infra/postgres/PgParkedEvents.ts";
import * as PgProjectionStore from "../infra/postgres/PgProjectionStore.ts";
import * as PgShadows from "../infra/postgres/PgShadows.ts";
import * as ProjectionRunner from "../services/projections/ProjectionRunner.ts";

const url = Schema.decodeUnknownSync(Schema.String)(process.argv[2]);

await ProjectionRunner.layer.pipe(
  Layer.provide([
    PgEventStore.layer({ callsInFlight: 2 }),
    PgProjectionStore.layer,
    PgShadows.layer,
    PgParkedEvents.layer,
  ]),
  Layer.provide(Database.layer(Redacted.make(url))),
  Layer.provide(NodeServices.layer),
  Layer.launch,
  Effect.runPromise,
);
