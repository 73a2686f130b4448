import { Schema } from "effect";
import { AnalysisEvent } from "../../domain/analysis/Analysis.ts";
import { CleanupEvent } from "../../domain/cleanup/Cleanup.ts";
import { ConversionEvent } from "../../domain/conversion/Conversion.ts";
import type { RecordedEvent } from "../../domain/event/RecordedEvent.ts";
import { AnalysisId, CleanupId, ConversionId } from "../../domain/Id.ts";
import { finished, jobColumns, jobFields, progressed, queued, requeued, started } from "./JobRow.ts";
import { type Projection, rowByRow, typesOf } from "./Projection.ts";

/** What a job does. */
export const JobKind = Schema.Literals(["conversion", "analysis", "cleanup"]);

/** The id of a job of any kind. */
export const JobId = Schema.Union([ConversionId, AnalysisId, CleanupId]);

/** One piece of background work of any kind. */
export const JobRow = Schema.Struct({ id: JobId, kind: JobKind, ...jobFields });
export type JobRow = typeof JobRow.Type;

const next = (row: JobRow | null, recorded: RecordedEvent): JobRow | null => {
  const { event } = recorded;
  switch (event._tag) {
    case "ConversionRequested":
      return { id: event.conversionId, kind: "conversion", ...queued(recorded, event) };
    case "AnalysisRequested":
      return { id: event.analysisId, kind: "analysis", ...queued(recorded, event) };
    case "CleanupRequested":
      return { id: event.cleanupId, kind: "cleanup", ...queued(recorded, event) };
  }
  if (row === null) return null;
  switch (event._tag) {
    case "ConversionStarted":
    case "AnalysisStarted":
    case "CleanupStarted":
      return started(row, recorded, event.attempt);
    case "ConversionProgressed":
    case "AnalysisProgressed":
      return progressed(row, recorded, event.progress);
    case "ConversionCompleted":
    case "AnalysisCompleted":
    case "CleanupCompleted":
      return finished(row, recorded, "completed");
    case "ConversionFailed":
    case "AnalysisFailed":
    case "CleanupFailed":
      return finished(row, recorded, "failed", event.reason);
    case "ConversionCancelled":
    case "AnalysisCancelled":
      return finished(row, recorded, "cancelled");
    case "ConversionReleased":
    case "AnalysisReleased":
    case "ConversionRetried":
    case "CleanupRetried":
      return requeued(row, recorded);
    default:
      return row;
  }
};

const keyOf = ({ event }: RecordedEvent): string | null =>
  "conversionId" in event
    ? event.conversionId
    : "analysisId" in event
    ? event.analysisId
    : "cleanupId" in event
    ? event.cleanupId
    : null;

/** All background work in one list: conversions, analyses and cleanups, one row each. */
export const JobsProjection: Projection<JobRow> = {
  name: "jobs",
  version: 2,
  row: JobRow,
  columns: { id: "text PRIMARY KEY", kind: "text NOT NULL", ...jobColumns },
  indexes: ["tenant_id, queued_at, id", "tenant_id, status, queued_at, id"],
  types: [...typesOf(ConversionEvent), ...typesOf(AnalysisEvent), ...typesOf(CleanupEvent)],
  ...rowByRow({ keyOf, next }),
};
