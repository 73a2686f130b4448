import { Schema } from "effect";

/** What is worth a person's attention in an otherwise finished analysis. */
export const AnalysisWarning = Schema.Literals([
  "SILENT",
  "CLIPPED",
  "TRUNCATED",
  "MONO_AS_STEREO",
  "DC_OFFSET",
  "INVERTED_PHASE",
]);
export type AnalysisWarning = typeof AnalysisWarning.Type;

/** The facts that warnings are drawn from. */
export interface WarningFacts {
  readonly decodedSeconds: number;
  readonly declaredSeconds: number;
  /** The file ends in the middle of something. */
  readonly isCutOff: boolean;
  readonly silent: boolean;
  readonly clippedSamples: number;
  readonly dcOffset: number | null;
  readonly stereoCorrelation: number | null;
  readonly isDualMono: boolean;
}

/** A mean this far from zero takes 1 % of the room for the signal (−40 dBFS), and clicks at each cut. */
const DC_LIMIT = 0.01;
/** Shorter sounds may have a mean by nature. */
const DC_SECONDS = 1;
/** Wide stereo hardly falls below −0.5; from here on a mix to mono loses nearly everything. */
const INVERTED_CORRELATION = -0.9;
const TRUNCATED_SECONDS = 0.2;
const TRUNCATED_SHARE = 0.01;

/** The warnings that facts give rise to. */
export const warningsOf = (facts: WarningFacts): ReadonlyArray<AnalysisWarning> => {
  const missing = facts.declaredSeconds - facts.decodedSeconds;
  const all: ReadonlyArray<readonly [AnalysisWarning, boolean]> = [
    ["SILENT", facts.silent],
    ["CLIPPED", facts.clippedSamples > 0],
    [
      "TRUNCATED",
      facts.isCutOff || missing > TRUNCATED_SECONDS && missing > facts.declaredSeconds * TRUNCATED_SHARE,
    ],
    ["MONO_AS_STEREO", facts.isDualMono],
    ["DC_OFFSET", facts.decodedSeconds >= DC_SECONDS && Math.abs(facts.dcOffset ?? 0) > DC_LIMIT],
    ["INVERTED_PHASE", (facts.stereoCorrelation ?? 0) < INVERTED_CORRELATION],
  ];
  return all.filter(([, applies]) => applies).map(([warning]) => warning);
};
