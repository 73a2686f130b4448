import { Effect, Schedule } from "effect";
import { ActorError } from "../actors/Actor.ts";
import { EventStoreError } from "../EventStore.ts";

const backoff = Schedule.min([Schedule.exponential("100 millis"), Schedule.spaced("5 seconds")]);

/**
 * Tries a command again for as long as the log is out of reach or the actor is busy: such an outage says nothing about the
 * event at hand and must not use up its deliveries.
 */
export const insist = <A, E, R>(send: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.retry(send, {
    while: (error) =>
      (error instanceof EventStoreError && error.reason === "Unavailable") ||
      (error instanceof ActorError && (error.reason === "Overloaded" || error.reason === "Contended")),
    schedule: backoff,
  });
