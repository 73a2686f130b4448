import { Context, Effect, Stream } from "effect";
import type { Position } from "../domain/event/RecordedEvent.ts";

/** Word between processes that the log has grown, faster than they would see it by looking. It may be lost. */
export interface HeadSignal {
  /** Tells the others how far a log reaches. */
  readonly tell: (epoch: string, position: Position) => Effect.Effect<void>;
  /** What others tell of the log of an epoch. */
  readonly told: (epoch: string) => Stream.Stream<Position>;
}

/** The signal between the processes of one Tapedeck; by default there is none. */
export const HeadSignal = Context.Reference<HeadSignal>("tapedeck/services/HeadSignal", {
  defaultValue: () => ({ tell: () => Effect.void, told: () => Stream.empty }),
});
