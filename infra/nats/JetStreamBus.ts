import { type Msg, nanos } from "@nats-io/transport-node";
import { Context, Effect, Layer, Queue, Stream } from "effect";
import type { EventType } from "../../domain/event/DomainEvent.ts";
import type { Position, RecordedEvent } from "../../domain/event/RecordedEvent.ts";
import { ConsumerPositions } from "../../services/ConsumerPositions.ts";
import { EventBus, EventBusError, type Replayed } from "../../services/EventBus.ts";
import { type EventRecord, toRecorded } from "../../services/EventRecord.ts";
import { EventStore, isReadable } from "../../services/EventStore.ts";
import { persisting } from "../../services/Resuming.ts";
import { currentTraceparent } from "../../services/TraceContext.ts";
import { bodyOf, headersOf, recordOf, replayHeader, subjectCovering, subjectOf } from "./EventMessage.ts";
import { eventPrefix, replayPrefix, replayStream } from "./EventStream.ts";
import { runJetStreamConsumer } from "./JetStreamConsumer.ts";
import { asking, failedWith, Nats } from "./Nats.ts";

/** How long the server keeps replayed events, in milliseconds. */
const replayAge = 24 * 3_600_000;

/** How many replayed events are on their way to the server at once. */
const replayWindow = 256;

/** The bus on NATS JetStream. It is fed by the relay, which has to run in this process or in another. */
export const layer = Layer.effect(
  EventBus,
  Effect.gen(function* () {
    const nats = yield* Nats;
    const store = yield* EventStore;
    const services = Context.empty().pipe(
      Context.add(Nats, nats),
      Context.add(EventStore, store),
      Context.add(ConsumerPositions, yield* ConsumerPositions),
    );

    /** Messages of a subject, as the server passes them on to whoever listens. */
    const listen = (subject: string, onMessage: (message: Msg) => void) =>
      Effect.acquireRelease(
        Effect.sync(() =>
          nats.connection.subscribe(subject, {
            callback: (error, message) => {
              if (error === null) onMessage(message);
            },
          })
        ),
        (subscription) => Effect.sync(() => subscription.unsubscribe()),
      );

    const reading = <A>(read: () => A): Effect.Effect<ReadonlyArray<A>> =>
      Effect.sync(() => [read()]).pipe(
        Effect.catchCause((cause) => Effect.as(Effect.logError("A message cannot be read", cause), [])),
      );

    const live = (types: ReadonlyArray<EventType>) =>
      Stream.callback<RecordedEvent>((queue) =>
        Effect.gen(function* () {
          const incoming = yield* Queue.unbounded<Msg | "reconnected">();
          for (const type of new Set(types)) {
            yield* listen(
              `${eventPrefix}.${subjectCovering([type])}`,
              (message) => Queue.offerUnsafe(incoming, message),
            );
          }
          let last = yield* persisting("Looking for the end of the log", store.head);
          yield* nats.disconnected.pipe(
            Effect.andThen(nats.connected),
            Effect.andThen(Queue.offer(incoming, "reconnected")),
            Effect.forever,
            Effect.forkScoped,
          );
          // What is published again, after a loss or by a relay that was slow, is not from now.
          const show = (events: ReadonlyArray<RecordedEvent>) =>
            Effect.forEach(events, (recorded) => {
              if (recorded.position <= last || !types.includes(recorded.event._tag)) return Effect.void;
              last = recorded.position;
              return Queue.offer(queue, recorded);
            }, { discard: true });
          while (true) {
            const next = yield* Queue.take(incoming);
            yield* next === "reconnected"
              ? persisting("Catching up with the log", missed(store, last, types, show))
              : Effect.flatMap(reading(() => toRecorded(recordOf(next.string()))), show);
          }
        })
      );

    const send = (replayId: string, record: EventRecord, traceparent: string | null) =>
      asking(() =>
        nats.client.publish(`${replayPrefix}.${subjectOf(record)}`, bodyOf(record), {
          headers: headersOf(record, traceparent, { [replayHeader]: replayId }),
          expect: { streamName: replayStream },
        })
      );

    const ensureReplayStream = asking(() =>
      nats.manager.streams.add({
        name: replayStream,
        subjects: [`${replayPrefix}.>`],
        max_age: nanos(replayAge),
      })
    ).pipe(
      // It is there already, with settings of its operator's.
      Effect.catchIf(failedWith(streamNameInUse), () => Effect.void),
    );

    const replay = (replayId: string, records: ReadonlyArray<EventRecord>) =>
      Effect.gen(function* () {
        const traceparent = yield* currentTraceparent;
        yield* ensureReplayStream;
        yield* Effect.forEach(records, (record) => send(replayId, record, traceparent), {
          concurrency: replayWindow,
          discard: true,
        });
      }).pipe(Effect.mapError((cause) => new EventBusError({ reason: "Unavailable", cause })));

    const replays = Stream.callback<Replayed>((queue) =>
      Effect.gen(function* () {
        const incoming = yield* Queue.unbounded<Msg>();
        yield* listen(`${replayPrefix}.>`, (message) => Queue.offerUnsafe(incoming, message));
        while (true) {
          const message = yield* Queue.take(incoming);
          const replayId = message.headers?.get(replayHeader) ?? "";
          yield* Queue.offerAll(
            queue,
            yield* reading(() => ({ replayId, record: recordOf(message.string()) })),
          );
        }
      })
    );

    return EventBus.of({
      consume: (consumer) => Effect.provideContext(runJetStreamConsumer(consumer), services),
      live,
      replay,
      replays,
    });
  }),
);

/** What JetStream answers when a stream of that name exists with other settings. */
const streamNameInUse = 10058;

/** Shows the events of some types that the log has after a position, but for those that this program cannot read. */
const missed = Effect.fnUntraced(function* (
  store: EventStore["Service"],
  from: Position,
  types: ReadonlyArray<EventType>,
  show: (events: ReadonlyArray<RecordedEvent>) => Effect.Effect<void>,
) {
  let after = from;
  while (true) {
    const { events, reached } = yield* store.scan(after, 256, types);
    if (reached === after) return;
    yield* show(events.filter(isReadable));
    after = reached;
  }
});
