import { Effect, Layer, Schedule } from "effect";
import type { RecordedEvent } from "../../domain/event/RecordedEvent.ts";
import { EventStore } from "../EventStore.ts";
import { toSpan } from "../TraceContext.ts";
import { AnalysesProjection } from "./AnalysesProjection.ts";
import { ConversionsProjection } from "./ConversionsProjection.ts";
import type { Projection, ViewRow } from "./Projection.ts";
import { ProjectionStore } from "./ProjectionStore.ts";
import { UploadsProjection } from "./UploadsProjection.ts";

/** The most events that one transaction applies. */
const batchSize = 256;

/** Keeps one view up with the log; never returns. Fails when the log or the view is out of reach. */
const run = Effect.fnUntraced(function* <Row extends ViewRow>(projection: Projection<Row>) {
  const log = yield* EventStore;
  const store = yield* ProjectionStore;
  let checkpoint = yield* store.prepare(projection);
  while (true) {
    const events = yield* log.read(checkpoint, batchSize);
    const last = events.at(-1);
    if (last === undefined) {
      yield* log.awaitBeyond(checkpoint);
    } else {
      const applied = yield* inTraces(projection, events, store.apply(projection, checkpoint, events));
      if (applied) {
        checkpoint = last.position;
      } else {
        // Another runner keeps the view up, perhaps in another version, in which this one will never apply anything.
        yield* Effect.sleep("100 millis");
        checkpoint = yield* store.checkpoint(projection.name);
      }
    }
  }
});

/** Runs an effect as part of every trace that the batch continues: one span for each. */
const inTraces = <Row extends ViewRow, A, E, R>(
  projection: Projection<Row>,
  events: ReadonlyArray<RecordedEvent>,
  effect: Effect.Effect<A, E, R>,
): Effect.Effect<A, E, R> => {
  const relevant = events.filter((event) => projection.keyOf(event) !== null);
  const traceparents = new Set(relevant.map(({ traceparent }) => traceparent));
  let traced = Effect.withTracerEnabled(effect, false);
  for (const traceparent of traceparents) {
    const parent = toSpan(traceparent);
    if (parent === undefined) continue;
    traced = Effect.withSpan(traced, `${projection.name} project`, {
      parent,
      kind: "consumer",
      attributes: {
        "messaging.system": "tapedeck",
        "messaging.operation.name": "project",
        "messaging.operation.type": "process",
        "messaging.consumer.group.name": projection.name,
        "tapedeck.projection": projection.name,
        "tapedeck.positions": relevant.filter((event) => event.traceparent === traceparent).map((
          { position },
        ) => position),
      },
    });
  }
  return traced;
};

const supervised = <Row extends ViewRow>(projection: Projection<Row>) =>
  run(projection).pipe(
    Effect.tapCause((cause) =>
      Effect.logError(`Projection ${projection.name} stopped, it will start again`, cause)
    ),
    Effect.sandbox,
    Effect.retry(Schedule.spaced("1 second")),
    Effect.forkScoped,
  );

/** Runs every projection until the scope closes; one that fails is logged and started again. */
export const layer = Layer.effectDiscard(
  Effect.gen(function* () {
    yield* supervised(UploadsProjection);
    yield* supervised(ConversionsProjection);
    yield* supervised(AnalysesProjection);
  }),
);
