import { Context, type Effect, Schema } from "effect";
import { Position } from "../../domain/event/RecordedEvent.ts";
import type { Projection, ViewRow } from "./Projection.ts";
import type { Batch, ProjectionStoreError } from "./ProjectionStore.ts";

/** A row that the view built anew has otherwise than the live one. */
export const Difference = Schema.Struct({
  id: Schema.String,
  kind: Schema.Literals([
    /** The live view lacks it. */
    "missing",
    /** Only the live view has it. */
    "unexpected",
    /** Both have it, with other values in `fields`. */
    "different",
  ]),
  fields: Schema.Array(Schema.String),
});
export type Difference = typeof Difference.Type;

/** What a verification found when both views stood at `position`. */
export const Verification = Schema.Struct({
  position: Position,
  /** The rows of the view built anew. */
  rows: Schema.Int,
  /** How many rows differ; `sample` names the first of them. */
  differences: Schema.Int,
  sample: Schema.Array(Difference),
  finishedAt: Schema.DateFromString,
});
export type Verification = typeof Verification.Type;

/** Views that are built anew beside the live ones: to take their place, or to be compared with them. */
export class Shadows extends Context.Service<Shadows, {
  /** Begins to build a shadow from the first event; one that is being built begins anew. */
  readonly begin: <Row extends ViewRow>(
    projection: Projection<Row>,
    slot: "rebuild" | "verify",
  ) => Effect.Effect<void, ProjectionStoreError>;
  /** The shadows that are being built. */
  readonly underWay: Effect.Effect<
    ReadonlyArray<{ readonly name: string; readonly version: number; readonly slot: "rebuild" | "verify" }>,
    ProjectionStoreError
  >;
  /**
   * Puts the rebuilt rows in the place of the live ones in one short transaction. Parked events up to there are forgotten: the
   * rebuild has applied them. Answers `false`, and changes nothing, while the rebuild is behind the live view; `true` also when
   * it is not being built any more.
   */
  readonly swap: <Row extends ViewRow>(
    projection: Projection<Row>,
  ) => Effect.Effect<boolean, ProjectionStoreError>;
  /**
   * Brings the verified rows to the position of the live ones, which are held there meanwhile, and compares them; drops the shadow
   * and keeps the result. `read` gives at most `limit` positions of the log. `null`, and nothing changes, when the shadow is not
   * being built any more, or is ahead of the live view.
   */
  readonly compare: <Row extends ViewRow, E>(
    projection: Projection<Row>,
    read: (after: Position, limit: number) => Effect.Effect<Batch, E>,
  ) => Effect.Effect<Verification | null, ProjectionStoreError | E>;
  /** What the last verification of a projection found; `null` before the first has ended. */
  readonly verification: <Row extends ViewRow>(
    projection: Projection<Row>,
  ) => Effect.Effect<Verification | null, ProjectionStoreError>;
}>()("tapedeck/services/projections/Shadows") {}
