import { Cause, Clock, Effect, Fiber, Schema } from "effect";
import { Position, type RecordedEvent } from "../../domain/event/RecordedEvent.ts";
import { EventStore, isReadable, type Stretch, type UnreadableEvent } from "../EventStore.ts";
import type { ViewRow } from "./Projection.ts";
import { ProjectionStore, type ProjectionStoreError, type Target } from "./ProjectionStore.ts";

/** An event that a view cannot apply: it cannot be read, or folded, or its row cannot be stored. */
export class PoisonError extends Schema.TaggedError<PoisonError>()("PoisonError", {
  reason: Schema.Literals(["Unreadable", "Unfoldable"]),
  position: Position,
  detail: Schema.String,
}) {
  override get message(): string {
    return `The event at position ${this.position} cannot be applied: ${this.detail}`;
  }
}

/** What a view could not do with an event, with the causes below it. */
export const detailOf = ({ cause }: ProjectionStoreError): string => Cause.pretty(Cause.fail(cause));

/** How a follower goes about what differs between a live view and a shadow. */
export interface Following<E, R, E2, R2> {
  /** The most positions that one transaction passes. */
  readonly batchSize: number;
  /** How far to go for now, where that is before the end of the log. */
  readonly bound: Effect.Effect<number, E2, R2>;
  /** Called with an event that cannot be applied. Answers the position to go on from, `null` to look where the slot is. */
  readonly onPoison: (
    from: Position,
    event: RecordedEvent | UnreadableEvent,
    error: PoisonError,
  ) => Effect.Effect<Position | null, E, R>;
  /** Called at the bound, or at the end of the log. Answers whether this was all. */
  readonly onEnd: (at: Position) => Effect.Effect<boolean, E2, R2>;
  /** Wraps the application of some events. */
  readonly around: <A, E, R>(
    events: ReadonlyArray<RecordedEvent>,
    apply: Effect.Effect<A, E, R>,
  ) => Effect.Effect<A, E, R>;
}

/**
 * Applies the log to a slot, batch after batch, reading ahead; the same for a live view and for one that is built anew. Returns
 * when that was all, and for a shadow also when it is not being built any more.
 */
export const follow = Effect.fnUntraced(
  function* <Row extends ViewRow, E, R, E2, R2>(target: Target<Row>, following: Following<E, R, E2, R2>) {
    const log = yield* EventStore;
    const store = yield* ProjectionStore;
    const { projection } = target;
    const rate = makeRate();

    const scan = Effect.fnUntraced(function* (after: Position) {
      const limit = Math.min(following.batchSize, (yield* following.bound) - after);
      return limit > 0
        ? yield* log.scan(after, limit, projection.types)
        : { events: [], reached: after } satisfies Stretch;
    });

    /** Applies events in the order of the log. Answers the position that was reached, `null` when the slot was elsewhere. */
    const apply = (
      from: Position,
      events: ReadonlyArray<RecordedEvent | UnreadableEvent>,
      reached: Position,
    ): Effect.Effect<Position | null, E | ProjectionStoreError, R> =>
      Effect.gen(function* () {
        const unreadable = events.findIndex((event) => !isReadable(event));
        if (unreadable > 0) return yield* divided(from, events, unreadable, reached);
        const [first] = events;
        if (first && !isReadable(first)) {
          const detail = first.unreadable.message;
          return yield* poison(from, events, reached, first, { reason: "Unreadable", detail });
        }
        const readable = events.filter(isReadable);
        const perSecond = rate(yield* Clock.currentTimeMillis, reached);
        const applied = store.apply(target, from, { events: readable, reached }, perSecond);
        return yield* following.around(readable, applied).pipe(
          Effect.map((applied) => applied ? reached : null),
          Effect.catchIf(({ reason }) => reason === "Poison", (error) =>
            first === undefined
              ? Effect.fail(error)
              : events.length > 1
              ? divided(from, events, Math.ceil(events.length / 2), reached)
              : poison(from, events, reached, first, { reason: "Unfoldable", detail: detailOf(error) })),
        );
      });

    const divided = (
      from: Position,
      events: ReadonlyArray<RecordedEvent | UnreadableEvent>,
      at: number,
      reached: Position,
    ) =>
      Effect.gen(function* () {
        const middle = events[at - 1]?.position ?? from;
        const between = yield* apply(from, events.slice(0, at), middle);
        return between === middle ? yield* apply(middle, events.slice(at), reached) : between;
      });

    const poison = Effect.fnUntraced(function* (
      from: Position,
      events: ReadonlyArray<RecordedEvent | UnreadableEvent>,
      reached: Position,
      event: RecordedEvent | UnreadableEvent,
      what: Pick<PoisonError, "reason" | "detail">,
    ) {
      const error = new PoisonError({ ...what, position: event.position });
      const next = yield* following.onPoison(from, event, error);
      return next === event.position && reached > next ? yield* apply(next, events.slice(1), reached) : next;
    });

    while (true) {
      const checkpoint = yield* store.prepare(target);
      if (checkpoint === null) return;
      let position: Position | null = checkpoint.paused ? null : checkpoint.position;
      let ahead: Fiber.Fiber<Stretch, Effect.Error<ReturnType<typeof scan>>> | null = null;
      while (position !== null) {
        const stretch: Stretch = yield* ahead === null ? scan(position) : Fiber.join(ahead);
        ahead = null;
        if (stretch.reached === position) {
          if (yield* following.onEnd(position)) return;
          continue;
        }
        if (stretch.reached === position + following.batchSize) {
          ahead = yield* Effect.forkChild(scan(stretch.reached), { startImmediately: true });
        }
        const reached: Position | null = yield* apply(position, stretch.events, stretch.reached);
        if (reached !== stretch.reached && ahead !== null) {
          yield* Fiber.interrupt(ahead);
          ahead = null;
        }
        position = reached;
      }
      // Paused, or another runner moves this slot, perhaps on another history.
      yield* Effect.sleep("100 millis");
    }
  },
);

/** How a shadow is built: untraced, in large batches, and in half of the time: the rest belongs to those who use the service meanwhile. */
export const building = {
  batchSize: 1_024,
  around: <A, E, R>(
    _events: ReadonlyArray<RecordedEvent>,
    apply: Effect.Effect<A, E, R>,
  ): Effect.Effect<A, E, R> =>
    Effect.timed(apply).pipe(
      Effect.flatMap(([took, applied]) => Effect.as(Effect.sleep(took), applied)),
      Effect.withTracerEnabled(false),
    ),
};

/** Measures positions a second over stretches of at least a second. */
const makeRate = () => {
  let since: { readonly time: number; readonly position: Position } | null = null;
  let rate = 0;
  return (time: number, position: Position): number => {
    if (since === null) since = { time, position };
    const seconds = (time - since.time) / 1_000;
    if (seconds >= 1) {
      rate = (position - since.position) / seconds;
      since = { time, position };
    }
    return rate;
  };
};
