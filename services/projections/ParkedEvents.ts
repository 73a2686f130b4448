import { Context, type Effect, Schema } from "effect";
import { Position, type RecordedEvent } from "../../domain/event/RecordedEvent.ts";
import type { UnreadableEvent } from "../EventStore.ts";
import type { Projection, ProjectionName, ViewRow } from "./Projection.ts";
import type { ProjectionStoreError } from "./ProjectionStore.ts";

/** An event that a live view could not apply, or that waits behind such an event of its stream. */
export const ParkedEvent = Schema.Struct({
  projection: Schema.String,
  position: Position,
  eventId: Schema.String,
  streamId: Schema.String,
  type: Schema.String,
  tenantId: Schema.String,
  traceparent: Schema.NullOr(Schema.String),
  /** What it failed with; `null` for one that waits behind another. */
  error: Schema.NullOr(Schema.String),
  attempts: Schema.Int,
  parkedAt: Schema.DateFromString,
});
export type ParkedEvent = typeof ParkedEvent.Type;

/** Which parked events to list; `null` stands for every stream. */
export interface ParkedFilter {
  readonly streamId: string | null;
  /** List what lies beyond this position. */
  readonly after: Position;
  readonly limit: number;
}

/** Keeps what live views could not apply, so that they go on without it. */
export class ParkedEvents extends Context.Service<ParkedEvents, {
  /** Parks an event and moves the live checkpoint past it, in one transaction; `false` when the checkpoint is not `from`. */
  readonly park: <Row extends ViewRow>(
    projection: Projection<Row>,
    from: Position,
    event: RecordedEvent | UnreadableEvent,
    error: string,
  ) => Effect.Effect<boolean, ProjectionStoreError>;
  /** Parked events of some projections in the order of the log. */
  readonly list: (
    projections: ReadonlyArray<ProjectionName>,
    filter: ParkedFilter,
  ) => Effect.Effect<ReadonlyArray<ParkedEvent>, ProjectionStoreError>;
  /** Applies a parked event to the live view and takes it out of the park, in one transaction. */
  readonly apply: <Row extends ViewRow>(
    projection: Projection<Row>,
    event: RecordedEvent,
  ) => Effect.Effect<void, ProjectionStoreError>;
  /** Notes that one more attempt failed. */
  readonly failedAgain: <Row extends ViewRow>(
    projection: Projection<Row>,
    position: Position,
    error: string,
  ) => Effect.Effect<void, ProjectionStoreError>;
  /** Takes an event out of the park without applying it; `false` if it is not there. */
  readonly skip: <Row extends ViewRow>(
    projection: Projection<Row>,
    position: Position,
  ) => Effect.Effect<boolean, ProjectionStoreError>;
}>()("tapedeck/services/projections/ParkedEvents") {}
