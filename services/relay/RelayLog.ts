import { Effect, Queue, Schema } from "effect";
import { Position } from "../../domain/event/RecordedEvent.ts";
import { ConsumerPositions } from "../ConsumerPositions.ts";
import { EventStore } from "../EventStore.ts";
import { followLog } from "../LogReader.ts";
import { Lease } from "./Lease.ts";
import { traced } from "./PublishSpans.ts";
import { RelayStream, type RelayStreamError, type StreamState } from "./RelayStream.ts";

/** How many events are published at once. */
export const batchSize = 512;

/** How many batches may be on their way, sent and not known to be stored. */
export const batchesInFlight = 4;

/** How often the stream and the consumers are looked at. */
const lookEvery = "1 second";

/** The stream does not hold what it should; it is looked at anew. */
class StreamFault extends Schema.TaggedError<StreamFault>()("StreamFault", { fault: Schema.String }) {
  override get message(): string {
    return `The stream of events ${this.fault}`;
  }
}

/** The position that every consumer has reached. */
const lowestOf = (positions: ReadonlyMap<string, Position>): Position =>
  positions.size === 0 ? Position.make(0) : Position.make(Math.min(...positions.values()));

/**
 * Brings the log into the stream, in order, from where the stream ends; makes the stream anew when it is not a copy of the log that
 * holds what consumers have yet to handle. Keeps the consumers' positions, and removes what all have handled, all but the last `keep`
 * events. Fails when the stream is not what it was any more. For the holder of the lease with number `fencing`.
 */
export const relayLog = Effect.fnUntraced(
  function* ({ keep, fencing }: { readonly keep: number; readonly fencing: number }) {
    const store = yield* EventStore;
    const stream = yield* RelayStream;
    const positions = yield* ConsumerPositions;
    const lease = yield* Lease;
    const epoch = yield* store.epoch;

    /** What is wrong with the stream, for people; `null` when nothing is. */
    const faultOf = Effect.fnUntraced(function* (state: StreamState | null, lowest: Position) {
      if (state === null) return "is missing";
      if (state.epoch !== epoch) return `is of another history, ${state.epoch}`;
      if (!state.isWhole) return "has holes";
      if (state.first > lowest + 1) {
        return `begins at position ${state.first}, a consumer has come to ${lowest}`;
      }
      if (state.last < lowest) return `ends at position ${state.last}, all consumers have come to ${lowest}`;
      if (state.last < state.first) return null;
      const [last] = yield* store.readRaw(Position.make(state.last - 1), 1);
      const found = yield* stream.lastEventId;
      return last?.eventId === found
        ? null
        : `ends with ${found}, position ${state.last} is ${last?.eventId}`;
    });

    /** The stream, made anew if need be. */
    const sound = Effect.gen(
      function* () {
        const lowest = lowestOf(yield* positions.all);
        const state = yield* stream.state;
        const fault = yield* faultOf(state, lowest);
        if (fault === null && state !== null) return state;
        // To remove a stream is the one thing that a second relay could do wrong.
        if (!(yield* lease.renew(fencing))) {
          return yield* new StreamFault({ fault: "is in the care of another relay" });
        }
        yield* Effect.logWarning(
          `The stream of events ${fault}: it is made anew, from position ${lowest + 1}`,
        );
        yield* stream.recreate(epoch, lowest);
        const made = yield* stream.state;
        return made ?? (yield* new StreamFault({ fault: "is missing, after it was made" }));
      },
    );
    const { base, last } = yield* sound;

    // Beside those in the queue, one is waited for, and one has been sent and waits for a place.
    const inFlight = yield* Queue.bounded<
      { readonly last: Position; readonly stored: Effect.Effect<void, RelayStreamError> }
    >(batchesInFlight - 2);
    let stored = last;

    const source = { read: store.readRaw, awaitBeyond: store.awaitBeyond };
    const publish = followLog(source, { after: last, limit: batchSize }, (events) =>
      Effect.gen(function* () {
        const { outgoing, end } = yield* traced(events);
        const acknowledged = yield* stream.publish(base, outgoing);
        const last = events.at(-1)?.position ?? stored;
        yield* Queue.offer(inFlight, { last, stored: Effect.onExit(acknowledged, end) });
      }));

    const confirm = Effect.gen(function* () {
      const batch = yield* Queue.take(inFlight);
      yield* batch.stored;
      stored = batch.last;
    }).pipe(Effect.forever);

    const look = Effect.gen(function* () {
      yield* Effect.sleep(lookEvery);
      const expected = stored;
      const state = yield* stream.state;
      if (state === null || state.epoch !== epoch || state.base !== base) {
        return yield* new StreamFault({ fault: "is gone, or was made anew by another" });
      }
      if (!state.isWhole) return yield* new StreamFault({ fault: "has holes" });
      if (state.last > (yield* store.head)) {
        return yield* new StreamFault({ fault: "goes on beyond the log: somebody else writes into it" });
      }
      if (state.last < expected) {
        return yield* new StreamFault({
          fault: `has lost its end: position ${state.last} after ${expected}`,
        });
      }
      const known = yield* positions.all;
      const handled = yield* stream.handled(state, known);
      for (const [name, position] of handled) {
        if (position !== known.get(name)) yield* positions.save(name, position);
      }
      const lowest = lowestOf(handled);
      if (state.first > lowest + 1) {
        return yield* new StreamFault({
          fault: `begins at position ${state.first}, a consumer has come to ${lowest}`,
        });
      }
      const trimmable = Math.min(lowest, state.last - keep);
      if (trimmable - state.first >= keep / 10) yield* stream.trim(state, Position.make(trimmable));
    }).pipe(Effect.forever);

    return yield* Effect.raceAllFirst([publish, confirm, look]);
  },
);
