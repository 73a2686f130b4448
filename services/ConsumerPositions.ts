import { Context, type Effect, Schema } from "effect";
import type { Position } from "../domain/event/RecordedEvent.ts";

/** What consumers have handled could not be read or written. */
export class ConsumerPositionsError
  extends Schema.TaggedError<ConsumerPositionsError>()("ConsumerPositionsError", {
    reason: Schema.Literals(["Unavailable"]),
    cause: Schema.Defect(),
  }) {}

/**
 * How far each consumer has come, kept beside the log: everything up to its position has been handled. A bus that was lost starts
 * again from there, and so does another bus.
 */
export class ConsumerPositions extends Context.Service<ConsumerPositions, {
  /** The position of a consumer; one that was unknown is known from now on, and is at the beginning. */
  readonly load: (name: string) => Effect.Effect<Position, ConsumerPositionsError>;
  /** Moves a consumer forward; one that is further already stays where it is. */
  readonly save: (name: string, position: Position) => Effect.Effect<void, ConsumerPositionsError>;
  /** The positions of all consumers that are known, by name. */
  readonly all: Effect.Effect<ReadonlyMap<string, Position>, ConsumerPositionsError>;
}>()("tapedeck/services/ConsumerPositions") {}
