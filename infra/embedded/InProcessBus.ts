import { PgClient } from "@effect/sql-pg";
import { Duration, Effect, Layer, Queue, RcMap, Schedule, Semaphore, Stream } from "effect";
import type { EventType } from "../../domain/event/DomainEvent.ts";
import type { Position, RecordedEvent } from "../../domain/event/RecordedEvent.ts";
import { type Consumer, EventBus, maxDeliveries } from "../../services/EventBus.ts";
import { EventStore } from "../../services/EventStore.ts";
import { followLog } from "../../services/LogReader.ts";
import { toSpan } from "../../services/TraceContext.ts";
import { makeConsumerPosition } from "./ConsumerPosition.ts";
import { HandledFloor } from "./HandledFloor.ts";

/** How many events of one consumer may be open at once: waiting, in hand, or between two attempts. */
const openEvents = 1_024;

/** The pause after a failed delivery, in milliseconds: half a second at first, four times as long each time, at most a minute. */
const pauseAfter = (delivery: number): number => Math.min(500 * 4 ** (delivery - 1), 60_000);

/** How often a consumer's position is saved while it moves. */
const saveEvery = Duration.millis(100);

const forever = Schedule.min([Schedule.exponential("200 millis"), Schedule.spaced("10 seconds")]);

/** A bus inside one process: it reads the log itself and keeps each consumer's position in the database. */
export const layer = Layer.effect(
  EventBus,
  Effect.gen(function* () {
    const store = yield* EventStore;
    const sql = yield* PgClient.PgClient;

    const consume = Effect.fnUntraced(function* (consumer: Consumer) {
      const position = yield* makeConsumerPosition(consumer.name).pipe(
        Effect.provideService(PgClient.PgClient, sql),
      );
      const start = yield* position.load.pipe(Effect.retry(forever), Effect.orDie);
      const floor = new HandledFloor(start);
      let saved = start;

      const save = Effect.gen(function* () {
        const reached = floor.floor;
        if (reached === saved) return;
        yield* position.save(reached);
        saved = reached;
      }).pipe(
        Effect.tapCause((cause) => Effect.logWarning("A consumer's position was not saved", cause)),
        Effect.ignore,
      );

      const open = yield* Semaphore.make(openEvents);
      const hands = yield* Semaphore.make(consumer.concurrency);
      const streams = yield* RcMap.make({ lookup: (_streamId: string) => Semaphore.make(1) });

      const handle = (event: RecordedEvent) =>
        Effect.gen(function* () {
          const turn = yield* RcMap.get(streams, event.streamId);
          yield* Semaphore.withPermit(turn, deliver(consumer, event, hands));
          floor.close(event.position);
        }).pipe(Effect.scoped, Effect.ensuring(Semaphore.release(open, 1)));

      const onBatch = (events: ReadonlyArray<RecordedEvent>) =>
        Effect.forEach(events, (event) => {
          const wanted = consumer.types.includes(event.event._tag);
          if (!wanted) return Effect.sync(() => floor.see(event.position, false));
          return Effect.andThen(
            Semaphore.take(open, 1),
            Effect.suspend(() => {
              floor.see(event.position, true);
              return Effect.forkScoped(handle(event), { startImmediately: true });
            }),
          );
        }, { discard: true });

      yield* Effect.addFinalizer(() => save);
      yield* save.pipe(Effect.repeat(Schedule.spaced(saveEvery)), Effect.forkScoped);
      yield* resuming(
        start,
        (after, seen) =>
          followLog(
            store,
            { after, limit: 256 },
            (events) => Effect.tap(onBatch(events), () => seen(events)),
          ),
      ).pipe(
        Effect.forkScoped,
      );
    });

    const live = (types: ReadonlyArray<EventType>) =>
      Stream.callback<RecordedEvent>((queue) =>
        Effect.gen(function* () {
          const start = yield* store.head.pipe(Effect.retry(forever), Effect.orDie);
          yield* resuming(start, (after, seen) =>
            followLog(store, { after, limit: 256 }, (events) =>
              Effect.andThen(
                Queue.offerAll(
                  queue,
                  events.filter(({ event }) =>
                    types.includes(event._tag)
                  ),
                ),
                seen(events),
              )));
        })
      );

    return EventBus.of({ consume, live });
  }),
);

/** Reads on for ever: when the log is out of reach, tries again from the last batch that was seen. */
const resuming = <E, R>(
  start: Position,
  read: (
    after: Position,
    seen: (events: ReadonlyArray<RecordedEvent>) => Effect.Effect<void>,
  ) => Effect.Effect<never, E, R>,
): Effect.Effect<never, never, R> =>
  Effect.suspend(() => {
    let after = start;
    const seen = (events: ReadonlyArray<RecordedEvent>) =>
      Effect.sync(() => after = events.at(-1)?.position ?? after);
    return Effect.suspend(() => read(after, seen)).pipe(
      Effect.tapCause((cause) => Effect.logError("Reading the log stopped, it will go on", cause)),
      Effect.sandbox,
      Effect.retry(forever),
      Effect.orDie,
    );
  });

/**
 * Hands an event over until it is handled, or given up after the last delivery; giving up is itself tried for ever. Each
 * delivery takes one of the consumer's hands; none is held between two deliveries.
 */
const deliver = (
  consumer: Consumer,
  recorded: RecordedEvent,
  hands: Semaphore.Semaphore,
): Effect.Effect<void> => {
  const what = `${recorded.event._tag} at position ${recorded.position}`;
  const attempt = (delivery: number): Effect.Effect<void> =>
    Effect.suspend(() => consumer.handle(recorded)).pipe(
      Effect.tapCause((cause) =>
        Effect.logWarning(`${consumer.name} failed on ${what}, delivery ${delivery}`, cause)
      ),
      (handled) => inSpan(handled, consumer, recorded, delivery),
      Semaphore.withPermit(hands),
      Effect.catchCause((cause) => {
        const { giveUp } = consumer;
        return delivery >= maxDeliveries && giveUp !== null
          ? inSpan(Effect.suspend(() => giveUp(recorded, cause)), consumer, recorded, delivery).pipe(
            Effect.tapCause((cause) => Effect.logError(`${consumer.name} could not give up ${what}`, cause)),
            Effect.sandbox,
            Effect.retry(forever),
            Effect.orDie,
          )
          : Effect.andThen(Effect.sleep(pauseAfter(delivery)), attempt(delivery + 1));
      }),
    );
  return attempt(1);
};

const inSpan = <E>(
  handled: Effect.Effect<void, E>,
  consumer: Consumer,
  recorded: RecordedEvent,
  delivery: number,
): Effect.Effect<void, E> => {
  const parent = toSpan(recorded.traceparent);
  return Effect.withSpan(handled, `${consumer.name} process`, {
    ...(parent ? { parent } : { root: true }),
    kind: "consumer",
    attributes: {
      "messaging.system": "tapedeck",
      "messaging.operation.name": "process",
      "messaging.operation.type": "process",
      "messaging.destination.name": recorded.event._tag,
      "messaging.consumer.group.name": consumer.name,
      "messaging.message.id": recorded.eventId,
      "tapedeck.position": recorded.position,
      "tapedeck.tenant.id": recorded.tenantId,
      "tapedeck.delivery": delivery,
    },
  });
};
