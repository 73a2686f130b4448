import { Context, type Effect, Schema } from "effect";
import { Position, type RecordedEvent } from "../../domain/event/RecordedEvent.ts";
import type { Projection, ViewRow } from "./Projection.ts";

/** The tables of a projection: the one that is read, and the shadows in which it is built anew, or verified. */
export const Slot = Schema.Literals(["live", "rebuild", "verify"]);
export type Slot = typeof Slot.Type;

/** What could not be done with the views. */
export class ProjectionStoreError extends Schema.TaggedError<ProjectionStoreError>()("ProjectionStoreError", {
  reason: Schema.Literals([
    /** Out of reach; the caller may try again. */
    "Unavailable",
    /** An event cannot be folded, or its row cannot be stored, and never will. */
    "Poison",
  ]),
  cause: Schema.Defect(),
}) {}

/** Where a slot of a projection stands. */
export const SlotState = Schema.Struct({
  slot: Slot,
  position: Position,
  paused: Schema.Boolean,
  /** A slot that has failed is not run any more. */
  status: Schema.Literals(["running", "failed"]),
  /** What its runner last failed with; `null` once it has gone on. */
  error: Schema.NullOr(Schema.String),
  eventsPerSecond: Schema.Finite,
  /** How many events are parked: only the live slot parks. */
  parked: Schema.Int,
  startedAt: Schema.DateFromString,
  updatedAt: Schema.DateFromString,
  /** When the first event that it has not applied was recorded; `null` when there is none. */
  nextRecordedAt: Schema.NullOr(Schema.DateFromString),
});
export type SlotState = typeof SlotState.Type;

/** A stretch of the log as a projection sees it: the events of its types, and the position that the stretch ends with. */
export interface Batch {
  readonly events: ReadonlyArray<RecordedEvent>;
  readonly reached: Position;
}

/** One of a projection's tables. */
export interface Target<Row extends ViewRow> {
  readonly projection: Projection<Row>;
  readonly slot: Slot;
}

/** Keeps the rows of views together with how far each view has come. */
export class ProjectionStore extends Context.Service<ProjectionStore, {
  /**
   * The checkpoint of a slot, and whether it may move. Makes sure that the live table exists and belongs to this history of the
   * log: one of another history is emptied. `null` for a shadow that is not being built on this history.
   */
  readonly prepare: <Row extends ViewRow>(
    target: Target<Row>,
  ) => Effect.Effect<{ readonly position: Position; readonly paused: boolean } | null, ProjectionStoreError>;
  /** The state of every slot of a projection on this history of the log. */
  readonly slots: <Row extends ViewRow>(
    projection: Projection<Row>,
  ) => Effect.Effect<ReadonlyArray<SlotState>, ProjectionStoreError>;
  /**
   * Applies a batch and moves the checkpoint from `from` to the batch's end, in one transaction. Answers `false`, and changes
   * nothing, when the checkpoint is elsewhere, or the slot is paused, or of another history. In the live slot, events of streams
   * that have parked events are parked behind them. `eventsPerSecond` is noted for those who watch.
   */
  readonly apply: <Row extends ViewRow>(
    target: Target<Row>,
    from: Position,
    batch: Batch,
    eventsPerSecond: number,
  ) => Effect.Effect<boolean, ProjectionStoreError>;
  /** Notes what a slot's runner failed with; `over` when it is not to be run again. */
  readonly noteFailure: <Row extends ViewRow>(
    target: Target<Row>,
    error: string,
    over: boolean,
  ) => Effect.Effect<void, ProjectionStoreError>;
  /** Stops the live view where it is, or lets it go on. */
  readonly pause: <Row extends ViewRow>(
    projection: Projection<Row>,
    paused: boolean,
  ) => Effect.Effect<void, ProjectionStoreError>;
}>()("tapedeck/services/projections/ProjectionStore") {}
