import { Effect, Schedule } from "effect";
import type { RecordedEvent } from "../../domain/event/RecordedEvent.ts";
import { type Accepted, type Actor, ActorError } from "../actors/Actor.ts";
import { causedBy } from "../actors/CommandMeta.ts";
import { EventStoreError } from "../EventStore.ts";
import { nextId } from "../Ids.ts";

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

/** Sends a command that an event causes, under an id of its own, and insists on it. */
export const insistOn = <State, Command, Error>(
  actor: Actor<State, Command, Error>,
  recorded: RecordedEvent,
  command: Command,
): Effect.Effect<Accepted<State>, Error | ActorError | EventStoreError> =>
  Effect.flatMap(nextId("cmd"), (commandId) => insist(actor.send(command, causedBy(recorded, commandId))));
