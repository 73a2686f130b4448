/**
 * A program that runs all projections of the database whose URL it is given, and the rebuilds that others begin, as the role
 * `projector` does; with a second URL it hears of the log's growth over NATS.
 */
import "../src/FiberContext.ts";
import { NodeServices } from "@effect/platform-node";
import { Effect, Layer, Redacted, Schema } from "effect";
import process from "node:process";
import { Nats } from "../infra/nats/Nats.ts";
import * as NatsHeadSignal from "../infra/nats/NatsHeadSignal.ts";
import * as Database from "../infra/postgres/Database.ts";
import * as PgEventStore from "../infra/postgres/PgEventStore.ts";
import * as PgParkedEvents from "../infra/postgres/PgParkedEvents.ts";
import * as PgProjectionStore from "../infra/postgres/PgProjectionStore.ts";
import * as PgShadows from "../infra/postgres/PgShadows.ts";
import * as ProjectionRunner from "../services/projections/ProjectionRunner.ts";

const [url, natsUrl] = Schema.decodeUnknownSync(
  Schema.Union([Schema.Tuple([Schema.String]), Schema.Tuple([Schema.String, Schema.String])]),
)(process.argv.slice(2));
const signal = natsUrl === undefined
  ? Layer.empty
  : NatsHeadSignal.layer.pipe(Layer.provide(Nats.layer(Redacted.make(natsUrl))));

await ProjectionRunner.layer.pipe(
  Layer.provide([
    PgEventStore.layer({ callsInFlight: 2 }),
    PgProjectionStore.layer,
    PgShadows.layer,
    PgParkedEvents.layer,
  ]),
  Layer.provide(signal),
  Layer.provide(Database.layer(Redacted.make(url))),
  Layer.provide(NodeServices.layer),
  Layer.launch,
  Effect.runPromise,
);
