import { Effect, RcMap, Semaphore } from "effect";
import type { RecordedEvent } from "../domain/event/RecordedEvent.ts";
import { type Consumer, maxDeliveries } from "./EventBus.ts";
import { persisting } from "./Resuming.ts";
import { toSpan } from "./TraceContext.ts";

/** The pause after a failed delivery, in milliseconds: half a second at first, four times as long each time, at most a minute. */
const pauseAfter = (delivery: number): number => Math.min(500 * 4 ** (delivery - 1), 60_000);

/** How an event came to this process. */
export interface Arrival {
  readonly recorded: RecordedEvent;
  /** W3C trace context of what brought the event here; `null` for an event outside of any trace. */
  readonly traceparent: string | null;
}

/** One consumer's deliveries in this process, whatever bus they come from. */
export interface Deliveries {
  /**
   * Hands an event to the consumer until it is handled or given up, in its stream's turn: events of one stream are taken in the
   * order of the calls.
   */
  readonly deliver: (arrival: Arrival) => Effect.Effect<void>;
  /** Waits until the consumer has a free hand, and answers how many it has. */
  readonly freeHands: Effect.Effect<number>;
}

/**
 * Prepares the deliveries of one consumer. `system` names the bus in spans. Each delivery takes one of the consumer's hands; none is
 * held between two deliveries of an event. Giving up is itself tried for ever.
 */
export const makeDeliveries = Effect.fnUntraced(function* (consumer: Consumer, system: string) {
  const hands = yield* Semaphore.make(consumer.concurrency);
  const turns = yield* RcMap.make({ lookup: (_streamId: string) => Semaphore.make(1) });
  let busy = 0;

  const inHand = <A, E>(work: Effect.Effect<A, E>): Effect.Effect<A, E> =>
    Semaphore.withPermit(
      hands,
      Effect.suspend(() => {
        busy++;
        return Effect.ensuring(work, Effect.sync(() => void busy--));
      }),
    );

  const attempt = (arrival: Arrival, delivery: number): Effect.Effect<void> => {
    const { recorded } = arrival;
    const { giveUp } = consumer;
    const what = `${recorded.event._tag} at position ${recorded.position}`;
    const traced = <E>(work: Effect.Effect<void, E>) => inSpan(work, consumer, arrival, { delivery, system });
    return Effect.suspend(() => consumer.handle(recorded)).pipe(
      Effect.tapCause((cause) =>
        Effect.logWarning(`${consumer.name} failed on ${what}, delivery ${delivery}`, cause)
      ),
      traced,
      inHand,
      Effect.catchCause((cause) =>
        delivery >= maxDeliveries && giveUp !== null
          ? persisting(
            `Giving up ${what} by ${consumer.name}`,
            traced(Effect.suspend(() => giveUp(recorded, cause))),
          )
          : Effect.andThen(Effect.sleep(pauseAfter(delivery)), attempt(arrival, delivery + 1))
      ),
    );
  };

  const deliver = (arrival: Arrival): Effect.Effect<void> =>
    Effect.gen(function* () {
      const turn = yield* RcMap.get(turns, arrival.recorded.streamId);
      const claimed = consumer.claim?.(arrival.recorded) ?? Effect.void;
      yield* Semaphore.withPermit(turn, Effect.andThen(claimed, attempt(arrival, 1)));
    }).pipe(Effect.scoped);

  const freeHands = Semaphore.withPermit(hands, Effect.sync(() => consumer.concurrency - busy));

  return { deliver, freeHands } satisfies Deliveries;
});

const inSpan = <E>(
  work: Effect.Effect<void, E>,
  consumer: Consumer,
  { recorded, traceparent }: Arrival,
  { delivery, system }: { readonly delivery: number; readonly system: string },
): Effect.Effect<void, E> => {
  const parent = toSpan(traceparent);
  return Effect.withSpan(work, `${consumer.name} process`, {
    ...(parent ? { parent } : { root: true }),
    kind: "consumer",
    attributes: {
      "messaging.system": system,
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
