import { allParts, type AnalysisPart } from "../../domain/analysis/AnalysisPart.ts";
import type { AnalysisReport } from "../../domain/analysis/AnalysisReport.ts";
import { hasCurves } from "../../domain/analysis/ReplacedParts.ts";
import * as Job from "../../domain/Job.ts";
import type { AnalysisRow } from "../projections/AnalysesProjection.ts";

/** What an analysis measures, and the report that it takes the rest from. */
export interface AnalysisPlan {
  readonly parts: ReadonlyArray<AnalysisPart>;
  /** `null` where everything is measured. */
  readonly earlier: AnalysisReport | null;
}

/**
 * Plans an analysis of the parts that were asked for; `before` are those that were requested earlier, newest first. What one of them is
 * still to measure is measured here too, so that the newest analysis is whole whichever ends first. Everything is, where no earlier
 * one was completed.
 */
export const planOf = (
  wanted: ReadonlyArray<AnalysisPart>,
  before: ReadonlyArray<Pick<AnalysisRow, "status" | "parts" | "report">>,
): AnalysisPlan => {
  const parts = new Set(wanted);
  for (const { status, parts: others, report } of before) {
    if (report !== null) {
      // Curves hold the values of two parts.
      if (report.curves === null && wanted.some(hasCurves)) {
        allParts.filter(hasCurves).forEach((part) => parts.add(part));
      }
      return { parts: allParts.filter((part) => parts.has(part)), earlier: report };
    }
    if (Job.isActive({ status })) (others ?? allParts).forEach((part) => parts.add(part));
  }
  return { parts: allParts, earlier: null };
};
