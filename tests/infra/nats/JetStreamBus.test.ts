import { PgClient } from "@effect/sql-pg";
import { Effect, Layer, Redacted } from "effect";
import { layer as busLayer } from "../../../infra/nats/JetStreamBus.ts";
import * as JetStreamRelayStream from "../../../infra/nats/JetStreamRelayStream.ts";
import { Nats } from "../../../infra/nats/Nats.ts";
import * as NatsHeadSignal from "../../../infra/nats/NatsHeadSignal.ts";
import * as PgConsumerPositions from "../../../infra/postgres/PgConsumerPositions.ts";
import * as PgEventStore from "../../../infra/postgres/PgEventStore.ts";
import * as PgLease from "../../../infra/postgres/PgLease.ts";
import { Relay } from "../../../services/relay/Relay.ts";
import { eventBusContract } from "../../support/contracts/EventBusContract.ts";
import { postgres } from "../../support/Databases.ts";
import { hurried } from "../../support/Hurried.ts";
import { scratchNats } from "../../support/ScratchNats.ts";

const nats = Layer.unwrap(Effect.map(scratchNats, ({ url }) => Nats.layer(Redacted.make(url))));

const log = Relay.layer().pipe(
  Layer.provideMerge(Layer.mergeAll(
    PgEventStore.layer({ callsInFlight: 2 }),
    PgConsumerPositions.layer,
    PgLease.layer({ name: "relay", holder: "test" }),
    JetStreamRelayStream.layer,
  )),
  Layer.provideMerge(NatsHeadSignal.layer),
  Layer.provideMerge(Layer.merge(postgres, nats)),
);

/** Removes what the server knows of a consumer, and its position. */
const setBack = Effect.fnUntraced(function* (consumer: string) {
  const { manager } = yield* Nats;
  const sql = yield* PgClient.PgClient;
  yield* Effect.promise(async () => {
    for await (const { name, config } of manager.consumers.list("TAPEDECK_EVENTS")) {
      if (config.description === consumer) await manager.consumers.delete("TAPEDECK_EVENTS", name);
    }
    // The relay may be about to save what it has just read of the consumer.
    await new Promise((resolve) => setTimeout(resolve, 500));
  });
  yield* sql`UPDATE consumers SET position = 0 WHERE name = ${consumer}`;
});

eventBusContract("The bus on NATS JetStream", { log, bus: busLayer, hurried, setBack });
