import type { Msg } from "@nats-io/transport-node";
import { Effect, Queue, Schedule } from "effect";
import { setTimeout } from "node:timers/promises";
import { ConsumerPositions } from "../../services/ConsumerPositions.ts";
import { makeDeliveries } from "../../services/Delivery.ts";
import type { Consumer } from "../../services/EventBus.ts";
import { toRecorded } from "../../services/EventRecord.ts";
import { EventStore } from "../../services/EventStore.ts";
import { resuming } from "../../services/Resuming.ts";
import { ackWait, awaitStream, ensureDurable } from "./DurableConsumer.ts";
import { recordOf, traceparentOf } from "./EventMessage.ts";
import { type Copied, eventStream } from "./EventStream.ts";
import { asking, Nats } from "./Nats.ts";
import { type OpenEvent, OpenEvents } from "./OpenEvents.ts";
import { pull, sequenceOf } from "./PullRequest.ts";

/** How many events of one consumer may be open in this process: waiting, in hand, or between two attempts. */
const openEvents = 1_024;

/** How often an acknowledgement is tried before it is left to the event's next delivery. */
const ackAttempts = 3;

/**
 * Consumes the stream of events until the scope closes. What is missing on the server, because it lost its data or the log has another
 * history, is waited for or made again, and the consumer goes on from its position in the database.
 */
export const runJetStreamConsumer = Effect.fnUntraced(function* (consumer: Consumer) {
  const { name, types } = consumer;
  const nats = yield* Nats;
  const store = yield* EventStore;
  const positions = yield* ConsumerPositions;
  const open = new OpenEvents();
  const arrivals = yield* Queue.unbounded<{ readonly message: Msg; readonly copied: Copied }>();

  let durable: string | null = null;
  /** What had been handled when the session began. */
  let handledBefore = 0;

  // Runs when the fibers below have ended, and nothing is in hand any more. What is written to a connection that is lost goes out when
  // it is back; nobody waits for that here.
  yield* Effect.addFinalizer(() =>
    Effect.gen(function* () {
      // A server before 2.10 loses the first event that is given back to a request whose sender is gone, until the ack wait is over.
      // Looking at the consumer makes it forget such requests.
      if (durable !== null) yield* soon(nats.manager.consumers.info(eventStream, durable));
      for (const { message } of yield* Queue.clear(arrivals)) message.respond("-NAK");
      open.giveBack();
      yield* soon(nats.connection.flush());
    }).pipe(Effect.ignore)
  );

  const deliveries = yield* makeDeliveries(consumer, "nats");

  /** Waits until the server has confirmed that the event is handled; where it does not, the event may come again. */
  const acknowledge = (event: OpenEvent): Effect.Effect<void> =>
    Effect.suspend(() =>
      nats.ask(() =>
        nats.connection.request(event.message.reply ?? "", "+ACK", { timeout: ackWait / ackAttempts })
      )
    ).pipe(
      Effect.retry({ times: ackAttempts - 1, schedule: Schedule.spaced("250 millis") }),
      // Its next delivery may be on the way, and needs no more than an acknowledgement.
      Effect.catch(() => Effect.sleep(3 * ackWait)),
      Effect.andThen(Effect.sync(() => open.close(event))),
    );

  const handle = (event: OpenEvent): Effect.Effect<void> =>
    deliveries.deliver({
      recorded: event.recorded,
      traceparent: traceparentOf(event.message.headers),
    }).pipe(
      Effect.andThen(Effect.suspend(() => {
        event.isHandled = true;
        return acknowledge(event);
      })),
    );

  const receive = Effect.fnUntraced(function* (message: Msg, { base }: Copied) {
    const record = yield* Effect.sync(() => recordOf(message.string()));
    const position = sequenceOf(message) + base;
    if (record.position !== position) {
      // The relay makes the stream again; until then it must not pass for what should be there.
      return yield* Effect.logError(`The stream has a foreign message where position ${position} should be`);
    }
    // A stream that is being made anew begins before some consumers; the server cannot start one beyond its end.
    const isHandled = position <= handledBefore;
    if (isHandled || !types.some((type) => type === record.type)) return void message.respond("+ACK");
    const recorded = yield* Effect.sync(() => toRecorded(record));
    const { event, isNew } = open.receive(recorded, message);
    if (isNew) yield* Effect.forkScoped(handle(event), { startImmediately: true });
    else if (event.isHandled) yield* Effect.forkScoped(acknowledge(event));
  });

  yield* Queue.take(arrivals).pipe(
    Effect.flatMap(({ message, copied }) => receive(message, copied)),
    // Left to a worker that can read it; what nobody can read comes again, and is told again, until somebody can. Only what this consumer
    // wants is held up so: a type that a newer program writes has been passed over.
    Effect.catchCause((cause) => Effect.logError(`${name} cannot read a message of the stream`, cause)),
    Effect.forever,
    Effect.forkScoped,
  );

  yield* Effect.sync(() => open.keep()).pipe(Effect.repeat(Schedule.spaced(ackWait / 4)), Effect.forkScoped);

  const session = Effect.gen(function* () {
    yield* nats.connected;
    const { copied, position } = yield* awaitStream(name);
    const made = yield* ensureDurable(consumer, copied, position);
    durable = made;
    handledBefore = position;
    while (true) {
      const free = yield* deliveries.freeHands;
      const count = Math.min(free, openEvents - open.size) - (yield* Queue.size(arrivals));
      if (count < 1) yield* Effect.sleep("20 millis");
      else {
        yield* pull(nats, { stream: eventStream, durable: made }, count, (message) => {
          Queue.offerUnsafe(arrivals, { message, copied });
        });
      }
    }
  }).pipe(
    Effect.provideService(Nats, nats),
    Effect.provideService(EventStore, store),
    Effect.provideService(ConsumerPositions, positions),
  );

  yield* resuming(`Consuming for ${name}`, Effect.raceFirst(session, nats.disconnected)).pipe(
    Effect.forkScoped,
  );
});

/** Waits for an answer of the server, but no longer than a second, and does without it. */
const soon = (answer: Promise<unknown>) =>
  Effect.ignore(asking(() => Promise.race([answer, setTimeout(1_000, undefined, { ref: false })])));
