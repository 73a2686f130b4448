import { Context, type Effect, Schema } from "effect";
import { AnalysisPart } from "../../domain/analysis/AnalysisPart.ts";
import type { Position } from "../../domain/event/RecordedEvent.ts";
import { TenantId, UploadId } from "../../domain/Id.ts";
import type { ViewsError } from "./Views.ts";

/** An upload of any tenant. */
export const UploadRef = Schema.Struct({ tenantId: TenantId, uploadId: UploadId });
export type UploadRef = typeof UploadRef.Type;

/** An upload, and the parts of its newest completed analysis that are outdated. */
export const OutdatedAnalysis = Schema.Struct({
  ...UploadRef.fields,
  parts: Schema.NonEmptyArray(AnalysisPart),
});
export type OutdatedAnalysis = typeof OutdatedAnalysis.Type;

/** What counts as outdated. */
export interface OutdatedFilter {
  /** The lowest versions that parts may have; what is not named may have any. */
  readonly versions: { readonly [_ in AnalysisPart]?: number };
  /** Of this tenant only. */
  readonly tenantId?: TenantId | undefined;
  /** Of the uploads that come after this one. */
  readonly after?: UploadRef | undefined;
}

/** Finds uploads of all tenants whose analyses are outdated: ready ones, for which no analysis is queued or running. */
export class OutdatedAnalyses extends Context.Service<OutdatedAnalyses, {
  /** Waits until these views have applied the log up to a position, at most five seconds. */
  readonly awaitPosition: (position: Position) => Effect.Effect<void, ViewsError>;
  /** By tenants and within them by uploads, both from the last id on, so that new uploads come first. */
  readonly find: (
    filter: OutdatedFilter,
    limit: number,
  ) => Effect.Effect<ReadonlyArray<OutdatedAnalysis>, ViewsError>;
  readonly count: (filter: OutdatedFilter) => Effect.Effect<number, ViewsError>;
  /** How many analyses of all tenants are queued or running. */
  readonly active: Effect.Effect<number, ViewsError>;
}>()("tapedeck/services/views/OutdatedAnalyses") {}
