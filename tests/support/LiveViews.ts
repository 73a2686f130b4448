import { assert } from "@effect/vitest";
import { Effect } from "effect";
import { Position, type RecordedEvent } from "../../domain/event/RecordedEvent.ts";
import type { Projection, ViewRow } from "../../services/projections/Projection.ts";
import type { Batch, ProjectionStore } from "../../services/projections/ProjectionStore.ts";

/** A stretch of the log that begins after a position and ends with its last event, as a projection sees it. */
export const batchOf = <Row extends ViewRow>(
  projection: Projection<Row>,
  from: Position,
  events: ReadonlyArray<RecordedEvent>,
): Batch => ({
  events: events.filter(({ event }) => projection.types.includes(event._tag)),
  reached: events.at(-1)?.position ?? from,
});

/** The live slots of a store, seen with batches that end with their last event. */
export const liveOf = (store: ProjectionStore["Service"]) => ({
  prepare: <Row extends ViewRow>(projection: Projection<Row>) =>
    Effect.map(store.prepare({ projection, slot: "live" }), (live) => live?.position ?? assert.fail()),
  apply: <Row extends ViewRow>(
    projection: Projection<Row>,
    from: Position,
    events: ReadonlyArray<RecordedEvent>,
  ) => store.apply({ projection, slot: "live" }, from, batchOf(projection, from, events), 0),
});
