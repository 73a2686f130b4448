import { Context, type Effect } from "effect";
import type { Position } from "../../domain/event/RecordedEvent.ts";
import type { TenantId } from "../../domain/Id.ts";
import type { JobRow } from "../projections/JobsProjection.ts";
import type { Amounts, StorageUsageRow } from "../projections/StorageUsageProjection.ts";
import type { ThroughputRow } from "../projections/ThroughputProjection.ts";
import type { ViewsError } from "./Views.ts";

/** Which jobs to list, newest first. */
export interface JobFilter {
  readonly kind?: JobRow["kind"] | undefined;
  readonly status?: JobRow["status"] | undefined;
  readonly uploadId?: string | undefined;
  /** List what was asked for before this job. */
  readonly after?: string | undefined;
  readonly limit: number;
}

/** Whose storage to list. */
export interface UsageFilter {
  readonly userId?: string | undefined;
  /** List users whose ids come after this one. */
  readonly after?: string | undefined;
  readonly limit: number;
}

/** Reads what a tenant's work looks like as a whole. Nothing of another tenant is ever part of an answer. */
export class Overviews extends Context.Service<Overviews, {
  /** Waits until these views have applied the log up to a position, at most five seconds. */
  readonly awaitPosition: (position: Position) => Effect.Effect<void, ViewsError>;
  readonly jobs: (
    tenantId: TenantId,
    filter: JobFilter,
  ) => Effect.Effect<ReadonlyArray<JobRow>, ViewsError>;
  readonly job: (tenantId: TenantId, id: string) => Effect.Effect<JobRow | null, ViewsError>;
  /** What each user has in storage, by user ids. */
  readonly storageUsage: (
    tenantId: TenantId,
    filter: UsageFilter,
  ) => Effect.Effect<ReadonlyArray<StorageUsageRow>, ViewsError>;
  /** What all users have in storage together, or one of them. */
  readonly storageInAll: (
    tenantId: TenantId,
    userId: string | undefined,
  ) => Effect.Effect<Amounts, ViewsError>;
  /** The hours since a time in which something happened, oldest first. */
  readonly throughput: (
    tenantId: TenantId,
    since: Date,
  ) => Effect.Effect<ReadonlyArray<ThroughputRow>, ViewsError>;
}>()("tapedeck/services/views/Overviews") {}
