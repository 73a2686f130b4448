import { Effect, FiberMap, Layer, Schedule } from "effect";
import type { RecordedEvent } from "../../domain/event/RecordedEvent.ts";
import { EventStore, readableOrDie } from "../EventStore.ts";
import { toSpan } from "../TraceContext.ts";
import { building, follow } from "./Follow.ts";
import { ParkedEvents } from "./ParkedEvents.ts";
import type { Projection, ViewRow } from "./Projection.ts";
import { eachProjection, withProjection } from "./Projections.ts";
import { ProjectionStore, type Target } from "./ProjectionStore.ts";
import { Shadows } from "./Shadows.ts";

/** Keeps one view up with the log; never returns. What it cannot apply is parked. Fails when the log or the view is out of reach. */
const keepUp = Effect.fnUntraced(function* <Row extends ViewRow>(projection: Projection<Row>) {
  const log = yield* EventStore;
  const parked = yield* ParkedEvents;
  yield* follow({ projection, slot: "live" }, {
    batchSize: 256,
    bound: Effect.succeed(Infinity),
    around: (events, apply) => inTraces(projection, events, apply),
    onEnd: (at) => Effect.as(log.awaitBeyond(at), false),
    onPoison: (from, event, error) =>
      Effect.logError(`Projection ${projection.name} parked an event`, error).pipe(
        Effect.andThen(parked.park(projection, from, event, error.detail)),
        Effect.map((isParked) => isParked ? event.position : null),
      ),
  });
});

/** Builds a shadow to its end. It stops for good at the first event that it cannot apply. */
const build = Effect.fnUntraced(
  function* <Row extends ViewRow>(projection: Projection<Row>, slot: "rebuild" | "verify") {
    const log = yield* EventStore;
    const store = yield* ProjectionStore;
    const shadows = yield* Shadows;
    const target: Target<Row> = { projection, slot };
    const read = Effect.fnUntraced(function* (after: Parameters<typeof log.scan>[0], limit: number) {
      const { events, reached } = yield* log.scan(after, limit, projection.types);
      return { events: yield* Effect.forEach(events, readableOrDie), reached };
    });
    // What is verified must not overtake what it is to be compared with, which may be paused.
    const positionOfLive = Effect.map(
      store.slots(projection),
      (slots) => slots.find((state) => state.slot === "live")?.position ?? 0,
    );
    yield* Effect.logInfo(`Projection ${projection.name}: ${slot} is under way`);
    yield* follow(target, {
      ...building,
      bound: slot === "rebuild" ? Effect.succeed(Infinity) : positionOfLive,
      onEnd: () =>
        slot === "rebuild" ? shadows.swap(projection) : Effect.as(shadows.compare(projection, read), true),
      onPoison: (_from, _event, error) => Effect.fail(error),
    }).pipe(
      Effect.catchTag("PoisonError", (error) => store.noteFailure(target, error.message, true)),
    );
    yield* Effect.logInfo(`Projection ${projection.name}: ${slot} has ended`);
  },
);

/** Runs an effect as part of every trace that the batch continues: one span for each. */
const inTraces = <Row extends ViewRow, A, E, R>(
  projection: Projection<Row>,
  events: ReadonlyArray<RecordedEvent>,
  effect: Effect.Effect<A, E, R>,
): Effect.Effect<A, E, R> => {
  const traceparents = new Set(events.map(({ traceparent }) => traceparent));
  let traced = Effect.withTracerEnabled(effect, false);
  for (const traceparent of traceparents) {
    const parent = toSpan(traceparent);
    if (parent === undefined) continue;
    const positions = events.filter((event) => event.traceparent === traceparent).map(({ position }) =>
      position
    );
    traced = Effect.withSpan(traced, `${projection.name} project`, {
      parent,
      kind: "consumer",
      attributes: {
        "messaging.system": "tapedeck",
        "messaging.operation.name": "project",
        "messaging.operation.type": "process",
        "messaging.consumer.group.name": projection.name,
        "tapedeck.projection": projection.name,
        "tapedeck.positions": positions,
      },
    });
  }
  return traced;
};

/** Starts a runner again whenever it fails, and shows what it failed with. */
const supervised = <Row extends ViewRow, E, R>(target: Target<Row>, runner: Effect.Effect<void, E, R>) =>
  Effect.gen(function* () {
    const store = yield* ProjectionStore;
    const { projection: { name }, slot } = target;
    return yield* runner.pipe(
      Effect.tapCause((cause) =>
        Effect.logError(`Projection ${name} (${slot}) stopped, it will start again`, cause).pipe(
          Effect.andThen(store.noteFailure(target, String(cause), false)),
          Effect.ignore,
        )
      ),
      Effect.sandbox,
      Effect.retry(Schedule.spaced("1 second")),
      Effect.orDie,
    );
  });

/** Runs every projection until the scope closes, and every rebuild and verification that is asked for, also one that another process began. */
export const layer = Layer.effectDiscard(
  Effect.gen(function* () {
    const shadows = yield* Shadows;
    yield* Effect.all(
      eachProjection((projection) =>
        Effect.forkScoped(supervised({ projection, slot: "live" }, keepUp(projection)))
      ),
      { discard: true },
    );
    const builds = yield* FiberMap.make<string>();
    yield* shadows.underWay.pipe(
      Effect.flatMap(
        Effect.forEach(({ name, version, slot }) =>
          withProjection(name, (projection) =>
            projection.version === version
              ? Effect.asVoid(FiberMap.run(
                builds,
                `${name} ${slot}`,
                supervised({ projection, slot }, build(projection, slot)),
                { onlyIfMissing: true },
              ))
              : Effect.void) ?? Effect.void
        ),
      ),
      Effect.ignore,
      Effect.repeat(Schedule.spaced("500 millis")),
      Effect.forkScoped,
    );
  }),
);
