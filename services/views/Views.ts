import { Context, type Effect, Schema } from "effect";
import { Position } from "../../domain/event/RecordedEvent.ts";
import type { TenantId, UploadId } from "../../domain/Id.ts";
import type { AnalysisRow } from "../projections/AnalysesProjection.ts";
import type { ConversionRow } from "../projections/ConversionsProjection.ts";
import type { UploadRow } from "../projections/UploadsProjection.ts";

/** What a view could not do. */
export class ViewsError extends Schema.TaggedError<ViewsError>()("ViewsError", {
  reason: Schema.Union([
    Schema.TaggedStruct("Unavailable", { cause: Schema.Defect() }),
    /** The views did not reach the position in time; `isPaused` when an operator has stopped one of them. */
    Schema.TaggedStruct("Behind", { position: Position, reached: Position, isPaused: Schema.Boolean }),
  ]),
}) {}

/** Which uploads to list, newest first. */
export interface UploadFilter {
  readonly userId?: string | undefined;
  readonly sessionId?: string | undefined;
  /** Deleted uploads are listed only when this asks for them. */
  readonly status?: UploadRow["status"] | undefined;
  /** Part of the file name, in any case. */
  readonly search?: string | undefined;
  /** List what comes after this upload. */
  readonly after?: UploadId | undefined;
  readonly limit: number;
}

/** Reads the views. Every question names a tenant, and nothing of another tenant is ever part of an answer. */
export class Views extends Context.Service<Views, {
  /** Waits until every view has applied the log up to a position, at most five seconds. */
  readonly awaitPosition: (position: Position) => Effect.Effect<void, ViewsError>;
  readonly upload: (tenantId: TenantId, id: string) => Effect.Effect<UploadRow | null, ViewsError>;
  readonly uploads: (
    tenantId: TenantId,
    filter: UploadFilter,
  ) => Effect.Effect<ReadonlyArray<UploadRow>, ViewsError>;
  readonly conversion: (tenantId: TenantId, id: string) => Effect.Effect<ConversionRow | null, ViewsError>;
  /** The conversions of some uploads, oldest first. */
  readonly conversionsOf: (
    tenantId: TenantId,
    uploadIds: ReadonlyArray<UploadId>,
  ) => Effect.Effect<ReadonlyArray<ConversionRow>, ViewsError>;
  /**
   * The analyses of some uploads, newest first, without those that are over and that a later completed one has replaced: each of them has
   * a whole report, and there may be any number.
   */
  readonly analysesOf: (
    tenantId: TenantId,
    uploadIds: ReadonlyArray<UploadId>,
  ) => Effect.Effect<ReadonlyArray<AnalysisRow>, ViewsError>;
}>()("tapedeck/services/views/Views") {}
