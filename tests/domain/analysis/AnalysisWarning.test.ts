import { assert, describe, it } from "@effect/vitest";
import {
  type AnalysisWarning,
  type WarningFacts,
  warningsOf,
} from "../../../domain/analysis/AnalysisWarning.ts";

const sound: WarningFacts = {
  decodedSeconds: 60,
  declaredSeconds: 60,
  isCutOff: false,
  silent: false,
  clippedSamples: 0,
  dcOffset: 0.001,
  stereoCorrelation: 0.3,
  isDualMono: false,
};

describe("a warning", () => {
  it("is not given without need", () => {
    assert.deepStrictEqual(warningsOf(sound), []);
    assert.deepStrictEqual(warningsOf({ ...sound, stereoCorrelation: null, dcOffset: null }), []);
  });

  const cases: ReadonlyArray<readonly [AnalysisWarning, Partial<WarningFacts>, Partial<WarningFacts>]> = [
    ["SILENT", { silent: true }, { silent: false }],
    ["CLIPPED", { clippedSamples: 3 }, { clippedSamples: 0 }],
    ["TRUNCATED", { declaredSeconds: 61 }, { declaredSeconds: 60.5 }],
    ["TRUNCATED", { decodedSeconds: 0.7, declaredSeconds: 1 }, { decodedSeconds: 0.9, declaredSeconds: 1 }],
    ["TRUNCATED", { isCutOff: true }, { isCutOff: false }],
    ["MONO_AS_STEREO", { isDualMono: true }, { stereoCorrelation: 0.999 }],
    ["DC_OFFSET", { dcOffset: -0.011 }, { dcOffset: 0.009 }],
    ["DC_OFFSET", { dcOffset: 0.5, decodedSeconds: 1, declaredSeconds: 1 }, {
      dcOffset: 0.5,
      decodedSeconds: 0.9,
      declaredSeconds: 0.9,
    }],
    ["INVERTED_PHASE", { stereoCorrelation: -0.95 }, { stereoCorrelation: -0.85 }],
  ];

  it.each(cases)("%s is given for %o, and not for %o", (warning, given, not) => {
    assert.deepStrictEqual(warningsOf({ ...sound, ...given }), [warning]);
    assert.deepStrictEqual(warningsOf({ ...sound, ...not }), []);
  });
});
