import { assert, layer } from "@effect/vitest";
import { Effect, Exit, Layer, Redacted, References, Scope } from "effect";
import * as JetStreamRelayStream from "../../../infra/nats/JetStreamRelayStream.ts";
import { Nats } from "../../../infra/nats/Nats.ts";
import * as PgConsumerPositions from "../../../infra/postgres/PgConsumerPositions.ts";
import * as PgEventStore from "../../../infra/postgres/PgEventStore.ts";
import * as PgLease from "../../../infra/postgres/PgLease.ts";
import { Position } from "../../../domain/event/RecordedEvent.ts";
import { ConsumerPositions } from "../../../services/ConsumerPositions.ts";
import { EventStore } from "../../../services/EventStore.ts";
import { Relay } from "../../../services/relay/Relay.ts";
import { RelayStream, type StreamState } from "../../../services/relay/RelayStream.ts";
import { postgres } from "../../support/Databases.ts";
import { appendOf, newId, newTenant, receivedBy } from "../../support/Fixtures.ts";
import { appendForeign } from "../../support/NewerProgram.ts";
import { scratchNats } from "../../support/ScratchNats.ts";

const parts = Layer.mergeAll(
  PgEventStore.layer({ callsInFlight: 2 }),
  PgConsumerPositions.layer,
  PgLease.layer({ name: "relay", holder: "test" }),
  JetStreamRelayStream.layer,
).pipe(
  Layer.provideMerge(Layer.merge(
    postgres,
    Layer.unwrap(Effect.map(scratchNats, ({ url }) => Nats.layer(Redacted.make(url)))),
  )),
);

/** How many handled events the relay keeps in these tests. */
const keep = 10;

/** Runs something while a relay is at work. */
const relaying = <A, E, R>(work: Effect.Effect<A, E, R>) =>
  Effect.acquireUseRelease(
    Effect.gen(function* () {
      const scope = yield* Scope.make();
      yield* Layer.buildWithScope(Layer.fresh(Relay.layer({ keep })), scope);
      return scope;
    }),
    () => work,
    (scope) => Scope.close(scope, Exit.void),
  );

const append = Effect.fnUntraced(function* (count: number) {
  const store = yield* EventStore;
  const tenantId = newTenant();
  const events = Array.from({ length: count }, () => receivedBy(tenantId));
  yield* store.append(appendOf(tenantId, `${tenantId}/a`, 0, events));
});

/** Waits until the stream is as wanted. */
const streamWhere = Effect.fnUntraced(function* (wanted: (state: StreamState, head: Position) => boolean) {
  const stream = yield* RelayStream;
  const store = yield* EventStore;
  while (true) {
    const state = yield* stream.state;
    if (state !== null && wanted(state, yield* store.head)) return state;
    yield* Effect.sleep("20 millis");
  }
});

const isComplete = ({ last }: StreamState, head: Position) => last === head;

layer(parts, { excludeTestServices: true })("the relay", (it) => {
  const test = (
    sentence: string,
    body: () => Effect.fn.Return<void, unknown, Layer.Success<typeof parts> | Scope.Scope>,
  ) =>
    it.effect(
      sentence,
      () => Effect.gen(body).pipe(Effect.provideService(References.MinimumLogLevel, "None")),
    );

  test("brings the log into the stream, and goes on where it stopped", function* () {
    yield* append(1_500);
    yield* relaying(streamWhere(isComplete));
    yield* append(3);
    const state = yield* relaying(streamWhere(isComplete));
    assert.containsSubset(state, { base: 0, first: 1, last: 1_503, isWhole: true });
  });

  test("passes on what this program cannot read, as it is stored, and what comes after it", function* () {
    const { manager } = yield* Nats;
    const tenantId = newTenant();
    const eventId = yield* appendForeign(tenantId, { type: "UploadEaten", schemaVersion: 9 });
    const position = yield* EventStore.use(({ head }) => head);
    yield* append(3);
    const { last } = yield* relaying(streamWhere(isComplete));
    assert.strictEqual(last, position + 3);
    // A relay that begins looks at the last event.
    yield* appendForeign(tenantId, { type: "UploadReceived", schemaVersion: 99 });
    yield* relaying(streamWhere(isComplete));
    yield* append(1);
    yield* relaying(streamWhere(isComplete));
    const message = yield* Effect.promise(() =>
      manager.streams.getMessage("TAPEDECK_EVENTS", { seq: position })
    );
    const body = message?.string() ?? "";
    assert.containsSubset(JSON.parse(body), {
      position,
      eventId,
      tenantId,
      version: 1,
      type: "UploadEaten",
      schemaVersion: 9,
    });
    assert.notProperty(JSON.parse(body), "storedVersion");
    assert.include(body, "12345678901234567890.5", "the data is not touched");
  });

  test("makes a stream again that has a hole", function* () {
    const { manager } = yield* Nats;
    yield* Effect.promise(() => manager.streams.deleteMessage("TAPEDECK_EVENTS", 700));
    assert.isFalse((yield* streamWhere(() => true)).isWhole);
    const state = yield* relaying(streamWhere((state, head) => state.isWhole && isComplete(state, head)));
    assert.strictEqual(state.first, 1);
  });

  test("makes a stream again that is of another history", function* () {
    const stream = yield* RelayStream;
    const { epoch } = yield* EventStore;
    yield* stream.recreate("another-epoch", Position.make(0));
    const state = yield* relaying(streamWhere(isComplete));
    assert.strictEqual(state.epoch, yield* epoch);
  });

  test("makes a stream again that was removed under it, or that somebody else writes into", function* () {
    const { manager, client } = yield* Nats;
    const faults: ReadonlyArray<() => Promise<unknown>> = [
      () => manager.streams.delete("TAPEDECK_EVENTS"),
      () => client.publish("tapedeck.event.upload.UploadReceived.t.u", "{}"),
    ];
    yield* relaying(Effect.gen(function* () {
      for (const fault of faults) {
        yield* streamWhere(isComplete);
        yield* Effect.promise(fault);
        yield* append(1);
        yield* streamWhere((state, head) => state.isWhole && isComplete(state, head));
        const { state } = yield* Effect.promise(() => manager.streams.info("TAPEDECK_EVENTS"));
        assert.strictEqual(state.first_seq, 1);
      }
    }));
  });

  test("removes what all consumers have handled, and brings it back for a new one", function* () {
    const { load, save } = yield* ConsumerPositions;
    const { head } = yield* EventStore;
    yield* load("quick");
    yield* load("slow");
    yield* save("quick", yield* head);
    yield* save("slow", Position.make(1_000));
    yield* relaying(Effect.gen(function* () {
      assert.strictEqual((yield* streamWhere(({ first }) => first > 1)).first, 1_001);
      yield* save("slow", yield* head);
      const { first, last } = yield* streamWhere(({ first }) => first > 1_001);
      assert.strictEqual(last - first + 1, keep);

      assert.strictEqual(yield* load("new"), 0);
      yield* streamWhere((state, head) => state.first === 1 && isComplete(state, head));
      yield* save("new", yield* head);
    }));
  });

  test("begins after what is handled, where the stream knows nothing of it", function* () {
    const { manager } = yield* Nats;
    const { head } = yield* EventStore;
    const handled = yield* head;
    yield* Effect.promise(() => manager.streams.delete("TAPEDECK_EVENTS"));
    yield* append(2);
    const state = yield* relaying(streamWhere(isComplete));
    assert.containsSubset(state, { base: handled, first: handled + 1, last: handled + 2 });
  });

  test("cannot write anywhere but at the end", function* () {
    const stream = yield* RelayStream;
    const store = yield* EventStore;
    const { base, last } = yield* streamWhere(isComplete);
    const [event = assert.fail()] = yield* store.readRaw(Position.make(last - 1), 1);
    for (const position of [last - 1, last + 2]) {
      const late = {
        ...event,
        position: Position.make(position),
        eventId: newId("evt"),
      };
      const stored = yield* stream.publish(base, [{ event: late, traceparent: null }]);
      const { reason } = yield* Effect.flip(stored);
      assert.strictEqual(reason, "Refused");
    }
    // The event that is there already is no harm.
    yield* yield* stream.publish(base, [{ event, traceparent: null }]);
    assert.containsSubset(yield* streamWhere(isComplete), { base, last });
  });
});
