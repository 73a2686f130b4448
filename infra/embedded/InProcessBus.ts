import { Duration, Effect, Layer, PubSub, Queue, Schedule, Semaphore, Stream } from "effect";
import type { EventType } from "../../domain/event/DomainEvent.ts";
import type { Position, RecordedEvent } from "../../domain/event/RecordedEvent.ts";
import { ConsumerPositions } from "../../services/ConsumerPositions.ts";
import { makeDeliveries } from "../../services/Delivery.ts";
import { type Consumer, EventBus, type Replayed } from "../../services/EventBus.ts";
import type { EventRecord } from "../../services/EventRecord.ts";
import { EventStore } from "../../services/EventStore.ts";
import { followTypes } from "../../services/LogReader.ts";
import { persisting, resuming } from "../../services/Resuming.ts";
import { HandledFloor } from "./HandledFloor.ts";

/** How many events of one consumer may be open at once: waiting, in hand, or between two attempts. */
const openEvents = 1_024;

/** How often a consumer's position is saved while it moves. */
const saveEvery = Duration.millis(100);

/** How many replayed events wait for one who looks at them; whoever is slower holds the replay up. */
const replayBuffer = 1_024;

/** A bus inside one process: it reads the log itself and keeps each consumer's position in the database. */
export const layer = Layer.effect(
  EventBus,
  Effect.gen(function* () {
    const store = yield* EventStore;
    const positions = yield* ConsumerPositions;
    const replayed = yield* PubSub.bounded<Replayed>(replayBuffer);

    const consume = Effect.fnUntraced(function* (consumer: Consumer) {
      const { name } = consumer;
      const start = yield* persisting(`Loading the position of ${name}`, positions.load(name));
      const deliveries = yield* makeDeliveries(consumer, "tapedeck");
      const open = yield* Semaphore.make(openEvents);
      const floor = new HandledFloor(start);
      let saved = start;

      const save = Effect.gen(function* () {
        const reached = floor.floor;
        if (reached === saved) return;
        yield* positions.save(name, reached);
        saved = reached;
      }).pipe(
        Effect.tapCause((cause) => Effect.logWarning("A consumer's position was not saved", cause)),
        Effect.ignore,
      );

      const handle = (recorded: RecordedEvent) =>
        deliveries.deliver({ recorded, traceparent: recorded.traceparent }).pipe(
          Effect.andThen(Effect.sync(() => floor.close(recorded.position))),
          Effect.ensuring(Semaphore.release(open, 1)),
        );

      const onEvents = (events: ReadonlyArray<RecordedEvent>, reached: Position) =>
        Effect.forEach(events, (recorded) =>
          Effect.andThen(
            Semaphore.take(open, 1),
            Effect.suspend(() => {
              floor.see(recorded.position, true);
              return Effect.forkScoped(handle(recorded), { startImmediately: true });
            }),
          ), { discard: true }).pipe(Effect.andThen(Effect.sync(() => floor.see(reached, false))));

      yield* Effect.addFinalizer(() => save);
      yield* save.pipe(Effect.repeat(Schedule.spaced(saveEvery)), Effect.forkScoped);
      yield* Effect.forkScoped(
        reading(store, `Reading the log for ${name}`, { start, types: consumer.types }, onEvents),
      );
    });

    const live = (types: ReadonlyArray<EventType>) =>
      Stream.callback<RecordedEvent>((queue) =>
        Effect.gen(function* () {
          const what = "Reading the log as it grows";
          const start = yield* persisting(what, store.head);
          yield* reading(store, what, { start, types }, (events) => Queue.offerAll(queue, events));
        })
      );

    const replay = (replayId: string, records: ReadonlyArray<EventRecord>) =>
      Effect.asVoid(PubSub.publishAll(replayed, records.map((record) => ({ replayId, record }))));

    return EventBus.of({ consume, live, replay, replays: Stream.fromPubSub(replayed) });
  }),
);

/** Reads on for ever: when the log is out of reach, tries again from where the last events were taken. */
const reading = <R>(
  store: EventStore["Service"],
  what: string,
  { start, types }: { readonly start: Position; readonly types: ReadonlyArray<EventType> },
  onEvents: (events: ReadonlyArray<RecordedEvent>, reached: Position) => Effect.Effect<unknown, never, R>,
): Effect.Effect<never, never, R> =>
  Effect.suspend(() => {
    let after = start;
    return resuming(
      what,
      Effect.suspend(() =>
        followTypes(store, { after, limit: 256, types }, (events, reached) =>
          Effect.andThen(
            onEvents(events, reached),
            Effect.sync(() => void (after = reached)),
          ))
      ),
    );
  });
