import { Record } from "effect";
import { type AnalysisPart, eachPart } from "./AnalysisPart.ts";
import type { AnalysisReport } from "./AnalysisReport.ts";

/** Whether a part has its values over time in the curves of a report. */
export const hasCurves = (part: AnalysisPart): boolean => part === "loudness" || part === "tempo";

/**
 * An earlier report with some parts as a later one has them: their values, errors and versions. With the signal comes all that is told
 * from it, such as the warnings and the decoded duration. The curves are those of the later report where it has any of them.
 */
export const withParts = (
  earlier: AnalysisReport,
  later: AnalysisReport,
  parts: ReadonlyArray<AnalysisPart>,
): AnalysisReport => {
  const from = (part: AnalysisPart) => parts.includes(part) ? later : earlier;
  const { decodedSeconds, signal, spectrogram, warnings } = from("signal");
  const { curves } = parts.some(hasCurves) ? later : earlier;
  return {
    decodedSeconds,
    loudness: from("loudness").loudness,
    tempo: from("tempo").tempo,
    key: from("key").key,
    signal,
    waveform: from("waveform").waveform,
    curves,
    spectrogram,
    transcript: from("transcript").transcript,
    warnings,
    analyserVersion: eachPart((part) => from(part).analyserVersion[part]),
    errors: Record.filter(
      eachPart((part) => from(part).errors[part]),
      (reason): reason is string => reason !== undefined,
    ),
  };
};
