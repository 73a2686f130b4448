import { headers } from "@nats-io/transport-node";
import { Context, Deferred, Effect, Layer, Redacted } from "effect";
import { rawBodyOf, subjectOf } from "../../infra/nats/EventMessage.ts";
import { eventPrefix, eventStream } from "../../infra/nats/EventStream.ts";
import * as JetStreamRelayStream from "../../infra/nats/JetStreamRelayStream.ts";
import { Nats } from "../../infra/nats/Nats.ts";
import * as PgConsumerPositions from "../../infra/postgres/PgConsumerPositions.ts";
import * as PgLease from "../../infra/postgres/PgLease.ts";
import { Position } from "../../domain/event/RecordedEvent.ts";
import type { RawEvent } from "../../services/EventRecord.ts";
import { EventStore } from "../../services/EventStore.ts";
import { batchesInFlight, batchSize, relayLog } from "../../services/relay/RelayLog.ts";
import { RelayStream } from "../../services/relay/RelayStream.ts";
import { benchNats } from "../BenchNats.ts";
import { openStore } from "../BenchStore.ts";
import { LargeLog } from "../LargeLog.ts";
import { type Measure, rate } from "../Measure.ts";

/** How many events of the log a run relays at most. */
const most = 100_000;

/** What a publish needs, made beforehand. */
interface Ready {
  readonly subject: string;
  readonly body: string;
  readonly msgID: string;
  readonly traceparent: string | null;
  readonly position: number;
}

const toReady = (event: RawEvent): Ready => ({
  subject: `${eventPrefix}.${subjectOf(event)}`,
  body: rawBodyOf(event),
  msgID: event.eventId,
  traceparent: event.traceparent,
  position: event.position,
});

/** The relay from the log to acknowledged publishes, beside the client library publishing what has been read and encoded before. */
export const Relay: Measure = {
  name: "relay",
  title: "relay, log to acknowledged publishes",
  baseline: "bare `@nats-io/jetstream` loop: same messages, headers and number in flight",
  unit: "events/s",
  goal: { atLeast: 0.7 },
  prepare: Effect.fnUntraced(function* () {
    const database = yield* LargeLog.use(({ database }) => database);
    const server = yield* benchNats;
    const opened = yield* openStore(database);
    const parts = yield* Layer.mergeAll(
      PgConsumerPositions.layer,
      PgLease.layer({ name: "relay", holder: "bench" }),
      JetStreamRelayStream.layer,
    ).pipe(
      Layer.provideMerge(Nats.layer(Redacted.make(server.url))),
      Layer.build,
      Effect.provideContext(opened),
      Effect.orDie,
    );
    const context = Context.merge(opened, parts);
    const store = Context.get(context, EventStore);
    const stream = Context.get(context, RelayStream);
    const { client } = Context.get(context, Nats);
    const count = Math.min(most, yield* Effect.orDie(store.head));
    const epoch = yield* Effect.orDie(store.epoch);
    const renew = Effect.orDie(stream.recreate(epoch, Position.make(0)));

    const relay = Effect.gen(function* () {
      const done = yield* Deferred.make<void>();
      let stored = 0;
      const counted = RelayStream.of({
        ...stream,
        publish: (base, events) =>
          Effect.map(
            stream.publish(base, events),
            (acknowledged) =>
              Effect.tap(acknowledged, () =>
                (stored += events.length) >= count ? Deferred.succeed(done, undefined) : Effect.void),
          ),
      });
      yield* Effect.raceFirst(Deferred.await(done), relayLog({ keep: 10_000, fencing: 0 })).pipe(
        Effect.provideContext(Context.add(context, RelayStream, counted)),
      );
    });

    const messages: Array<Ready> = [];
    while (messages.length < count) {
      const read = yield* Effect.orDie(
        store.readRaw(Position.make(messages.length), Math.min(1_000, count - messages.length)),
      );
      messages.push(...read.map(toReady));
    }
    const publish = ({ subject, body, msgID, traceparent, position }: Ready) => {
      const sent = headers();
      sent.set("Tapedeck-Position", String(position));
      if (traceparent !== null) sent.set("traceparent", traceparent);
      return client.publish(subject, body, {
        msgID,
        headers: sent,
        expect: { streamName: eventStream, lastSequence: position - 1 },
      });
    };
    const loop = async () => {
      const inFlight: Array<Promise<unknown>> = [];
      for (let index = 0; index < messages.length; index += batchSize) {
        inFlight.push(Promise.all(messages.slice(index, index + batchSize).map(publish)));
        if (inFlight.length === batchesInFlight) await inFlight.shift();
      }
      await Promise.all(inFlight);
    };

    const arrived = Effect.gen(function* () {
      const state = yield* Effect.orDie(stream.state);
      if (!state?.isWhole || state.last < count) {
        throw new Error(`${state?.last} of ${count} events are there`);
      }
    });
    const measured = <E>(side: Effect.Effect<void, E>) =>
      renew.pipe(Effect.andThen(rate(count, side)), Effect.tap(arrived));
    return { ours: measured(relay), baseline: measured(Effect.promise(loop)) };
  }),
};
