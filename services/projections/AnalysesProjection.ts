import { Schema } from "effect";
import { AnalysisEvent } from "../../domain/analysis/Analysis.ts";
import { AnalysisParts } from "../../domain/analysis/AnalysisPart.ts";
import { AnalysisReport } from "../../domain/analysis/AnalysisReport.ts";
import type { RecordedEvent } from "../../domain/event/RecordedEvent.ts";
import { AnalysisId } from "../../domain/Id.ts";
import { finished, jobColumns, jobFields, progressed, queued, requeued, started } from "./JobRow.ts";
import { type Projection, rowByRow, typesOf } from "./Projection.ts";

/** One analysis as it is shown. */
export const AnalysisRow = Schema.Struct({
  id: AnalysisId,
  ...jobFields,
  /** What it measures; `null`: everything. */
  parts: Schema.NullOr(AnalysisParts),
  report: Schema.NullOr(AnalysisReport),
});
export type AnalysisRow = typeof AnalysisRow.Type;

/** The newest report of an upload's analyses, newest first: another that is under way, or has failed, takes nothing away. */
export const newestReport = (analyses: ReadonlyArray<Pick<AnalysisRow, "report">>): AnalysisReport | null =>
  analyses.find(({ report }) => report !== null)?.report ?? null;

const next = (row: AnalysisRow | null, recorded: RecordedEvent): AnalysisRow | null => {
  const { event } = recorded;
  if (event._tag === "AnalysisRequested") {
    return { id: event.analysisId, ...queued(recorded, event), parts: event.parts ?? null, report: null };
  }
  if (row === null) return null;
  switch (event._tag) {
    case "AnalysisStarted":
      return started(row, recorded, event.attempt);
    case "AnalysisProgressed":
      return progressed(row, recorded, event.progress);
    case "AnalysisCompleted":
      return { ...finished(row, recorded, "completed"), report: event.report };
    case "AnalysisFailed":
      return finished(row, recorded, "failed", event.reason);
    case "AnalysisCancelled":
      return finished(row, recorded, "cancelled");
    case "AnalysisReleased":
      return requeued(row, recorded);
    default:
      return row;
  }
};

/** Analyses, one row each. */
export const AnalysesProjection: Projection<AnalysisRow> = {
  name: "analyses",
  version: 3,
  row: AnalysisRow,
  columns: { id: "text PRIMARY KEY", ...jobColumns, parts: "jsonb", report: "jsonb" },
  indexes: ["tenant_id, upload_id, id", "status"],
  types: typesOf(AnalysisEvent),
  ...rowByRow({ keyOf: ({ event }) => "analysisId" in event ? event.analysisId : null, next }),
};
