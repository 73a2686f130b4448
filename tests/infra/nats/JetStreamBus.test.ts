import { PgClient } from "@effect/sql-pg";
import { assert, layer } from "@effect/vitest";
import { Deferred, Effect, Exit, Latch, Layer, Queue, Redacted, Scope } from "effect";
import { layer as busLayer } from "../../../infra/nats/JetStreamBus.ts";
import * as JetStreamRelayStream from "../../../infra/nats/JetStreamRelayStream.ts";
import { Nats } from "../../../infra/nats/Nats.ts";
import * as NatsHeadSignal from "../../../infra/nats/NatsHeadSignal.ts";
import * as PgConsumerPositions from "../../../infra/postgres/PgConsumerPositions.ts";
import * as PgEventStore from "../../../infra/postgres/PgEventStore.ts";
import * as PgLease from "../../../infra/postgres/PgLease.ts";
import { EventBus } from "../../../services/EventBus.ts";
import { EventStore } from "../../../services/EventStore.ts";
import { Relay } from "../../../services/relay/Relay.ts";
import { eventBusContract } from "../../support/contracts/EventBusContract.ts";
import { postgres } from "../../support/Databases.ts";
import { appendOf, newTenant, receivedBy } from "../../support/Fixtures.ts";
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

layer(busLayer.pipe(Layer.provideMerge(log)), { excludeTestServices: true })("JetStreamBus", (it) => {
  it.effect("keeps what is in hand, acknowledges what is handled, and gives the rest back at a stop", () =>
    hurried(Effect.gen(function* () {
      const bus = yield* EventBus;
      const store = yield* EventStore;
      const { connection } = yield* Nats;
      const tenantId = newTenant();
      const answers = yield* Queue.unbounded<string>();
      yield* Effect.acquireRelease(
        Effect.sync(() =>
          connection.subscribe("$JS.ACK.TAPEDECK_EVENTS.>", {
            callback: (_, message) => {
              Queue.offerUnsafe(answers, message.string());
            },
          })
        ),
        (subscription) => Effect.sync(() => subscription.unsubscribe()),
      );
      const gate = yield* Latch.make();
      const scope = yield* Scope.make();
      yield* Scope.provide(
        bus.consume({
          name: tenantId,
          types: ["UploadReceived", "UploadDeleted"],
          concurrency: 1,
          handle: (event) => event.version === 1 ? Latch.await(gate) : Effect.never,
          giveUp: null,
        }),
        scope,
      );
      yield* store.append(
        appendOf(tenantId, `${tenantId}/a`, 0, [
          receivedBy(tenantId),
          receivedBy(tenantId),
          receivedBy(tenantId),
        ]),
      );
      const untilNot = Effect.fnUntraced(function* (answer: string) {
        while (true) {
          const next = yield* Queue.take(answers);
          if (next !== answer) return next;
        }
      });
      assert.strictEqual(yield* Queue.take(answers), "+WPI");
      yield* Latch.open(gate);
      assert.strictEqual(yield* untilNot("+WPI"), "+ACK");
      assert.strictEqual(yield* Queue.take(answers), "+WPI");
      yield* Scope.close(scope, Exit.void);
      // There was no hand free for the third event, so it has not been asked for.
      assert.strictEqual(yield* untilNot("+WPI"), "-NAK");
      assert.strictEqual(yield* Queue.size(answers), 0);
    })));

  it.effect("hands over at once what another worker gave back", () =>
    Effect.gen(function* () {
      const bus = yield* EventBus;
      const store = yield* EventStore;
      const tenantId = newTenant();
      const inHand = yield* Deferred.make<void>();
      const again = yield* Deferred.make<void>();
      const consume = (handle: Effect.Effect<unknown>) =>
        bus.consume({
          name: tenantId,
          types: ["UploadReceived"],
          concurrency: 1,
          handle: () => Effect.asVoid(handle),
          giveUp: null,
        });
      yield* store.append(appendOf(tenantId, `${tenantId}/a`, 0, [receivedBy(tenantId)]));
      const held = Effect.andThen(Deferred.succeed(inHand, undefined), Effect.never);
      yield* Effect.scoped(Effect.andThen(consume(held), Deferred.await(inHand)));
      yield* consume(Deferred.succeed(again, undefined));
      yield* Deferred.await(again);
      // Well before the server would take the first worker for dead.
    }), 8_000);
});
