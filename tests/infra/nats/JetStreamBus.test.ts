import { PgClient } from "@effect/sql-pg";
import { assert, layer } from "@effect/vitest";
import type { Msg } from "@nats-io/transport-node";
import { Effect, Exit, Latch, Layer, Logger, Queue, Redacted, Scope } from "effect";
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
import { appendForeign } from "../../support/NewerProgram.ts";
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

  it.effect("carries an event under the trace that wrote it, its position and its id", () =>
    Effect.gen(function* () {
      const store = yield* EventStore;
      const { connection } = yield* Nats;
      const tenantId = newTenant();
      const messages = yield* Queue.unbounded<Msg>();
      yield* Effect.acquireRelease(
        Effect.sync(() =>
          connection.subscribe(`tapedeck.event.upload.UploadReceived.${tenantId}.a`, {
            callback: (_, message) => {
              Queue.offerUnsafe(messages, message);
            },
          })
        ),
        (subscription) => Effect.sync(() => subscription.unsubscribe()),
      );
      yield* Effect.promise(() => connection.flush());
      const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
      const append = appendOf(tenantId, `${tenantId}/a`, 0, [receivedBy(tenantId)], { traceparent });
      yield* store.append(append);
      const { headers } = yield* Queue.take(messages);
      assert.strictEqual(headers?.get("Nats-Msg-Id"), append.events[0]?.eventId);
      assert.strictEqual(headers?.get("Tapedeck-Position"), String(yield* store.head));
      const sent = headers?.get("traceparent") ?? "";
      assert.match(sent, /^00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-01$/);
      assert.notStrictEqual(sent, traceparent, "the relay's own span is the parent of what follows");

      const unsampled = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";
      yield* store.append(
        appendOf(tenantId, `${tenantId}/a`, 1, [receivedBy(tenantId)], { traceparent: unsampled }),
      );
      const next = yield* Queue.take(messages);
      assert.strictEqual(next.headers?.get("traceparent"), unsampled, "nothing is recorded of this trace");
    }));

  it.effect(
    "passes over an event of a type it does not know; one that it wants and cannot read comes again",
    () =>
      Effect.gen(function* () {
        const bus = yield* EventBus;
        const store = yield* EventStore;
        const { manager } = yield* Nats;
        const tenantId = newTenant();
        const events = yield* Queue.unbounded<string>();
        const errors: Array<string> = [];
        const logger = Logger.make(({ logLevel, message }) => {
          if (logLevel === "Error") errors.push(String(message));
        });
        yield* bus.consume({
          name: tenantId,
          types: ["UploadReceived", "UploadDeleted"],
          concurrency: 4,
          handle: ({ tenantId: whose, eventId }) =>
            whose === tenantId ? Queue.offer(events, eventId) : Effect.void,
          giveUp: null,
        }).pipe(Effect.provide(Logger.layer([logger])));
        yield* appendForeign(tenantId, { type: "UploadEaten", schemaVersion: 1 });
        const appended = appendOf(tenantId, `${tenantId}/a`, 0, [receivedBy(tenantId)]);
        yield* store.append(appended);
        assert.strictEqual(yield* Queue.take(events), appended.events[0]?.eventId);
        assert.deepStrictEqual(errors, []);

        yield* appendForeign(tenantId, { type: "UploadReceived", schemaVersion: 99 });
        const later = appendOf(tenantId, `${tenantId}/b`, 0, [receivedBy(tenantId)]);
        yield* store.append(later);
        assert.strictEqual(yield* Queue.take(events), later.events[0]?.eventId);
        assert.deepStrictEqual(errors, [`${tenantId} cannot read a message of the stream`]);
        const isLeft = Effect.promise(async () => {
          for await (const { config, num_ack_pending } of manager.consumers.list("TAPEDECK_EVENTS")) {
            if (config.description === tenantId) return num_ack_pending === 1;
          }
          return false;
        });
        while (!(yield* isLeft)) yield* Effect.sleep("20 millis");
      }),
    8_000,
  );

  it.effect("hands over at once what another worker gave back", () =>
    Effect.gen(function* () {
      const bus = yield* EventBus;
      const store = yield* EventStore;
      const tenantId = newTenant();
      const events = yield* Queue.unbounded<number>();
      const consume = (afterwards: Effect.Effect<void>) =>
        bus.consume({
          name: tenantId,
          types: ["UploadReceived"],
          concurrency: 4,
          handle: ({ tenantId: whose, position }) =>
            whose === tenantId ? Effect.andThen(Queue.offer(events, position), afterwards) : Effect.void,
          giveUp: null,
        });
      for (const stream of ["a", "b"]) {
        yield* store.append(appendOf(tenantId, `${tenantId}/${stream}`, 0, [receivedBy(tenantId)]));
      }
      yield* Effect.scoped(Effect.andThen(consume(Effect.never), Queue.takeN(events, 2)));
      yield* consume(Effect.void);
      yield* Queue.takeN(events, 2);
      // Well before the server would take the first worker for dead.
    }), 8_000);
});
