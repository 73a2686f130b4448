import { Context, type Effect, Schema } from "effect";
import type { Position, RecordedEvent } from "../../domain/event/RecordedEvent.ts";
import type { Projection, ViewRow } from "./Projection.ts";

/** The views are out of reach; the caller may try again. */
export class ProjectionStoreError extends Schema.TaggedError<ProjectionStoreError>()("ProjectionStoreError", {
  reason: Schema.Literals(["Unavailable"]),
  cause: Schema.Defect(),
}) {}

/** Keeps the rows of views together with how far each view has come. */
export class ProjectionStore extends Context.Service<ProjectionStore, {
  /** Makes sure that the view's table exists in the projection's version, empty if it was another one; answers its checkpoint. */
  readonly prepare: <Row extends ViewRow>(
    projection: Projection<Row>,
  ) => Effect.Effect<Position, ProjectionStoreError>;
  /** The position of the last event that the view has applied. */
  readonly checkpoint: (name: string) => Effect.Effect<Position, ProjectionStoreError>;
  /**
   * Applies a batch and moves the checkpoint from `from` to the last event, in one transaction. Answers `false`, and changes
   * nothing, when another runner has moved the checkpoint.
   */
  readonly apply: <Row extends ViewRow>(
    projection: Projection<Row>,
    from: Position,
    events: ReadonlyArray<RecordedEvent>,
  ) => Effect.Effect<boolean, ProjectionStoreError>;
}>()("tapedeck/services/projections/ProjectionStore") {}
