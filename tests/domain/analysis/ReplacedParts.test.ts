import { assert, describe, it } from "@effect/vitest";
import { allParts, eachPart } from "../../../domain/analysis/AnalysisPart.ts";
import type { AnalysisReport } from "../../../domain/analysis/AnalysisReport.ts";
import { withParts } from "../../../domain/analysis/ReplacedParts.ts";
import { newId, newTenant, reportOn, user } from "../../support/Fixtures.ts";

const owner = { tenantId: newTenant(), userId: user, uploadId: newId("upl") };
const earlier = reportOn(owner, newId("anl"));
/** As different as can be. */
const later: AnalysisReport = {
  ...reportOn(owner, newId("anl")),
  decodedSeconds: 5,
  loudness: { ...earlier.loudness, integratedLufs: -3 },
  tempo: null,
  key: null,
  signal: null,
  spectrogram: null,
  warnings: [],
  analyserVersion: eachPart(() => 9),
  errors: { loudness: "No", tempo: "No", key: "No" },
};

describe("a report with parts of a later one", () => {
  it.each(
    [
      ["loudness", { loudness: later.loudness, curves: later.curves }],
      ["tempo", { tempo: null, curves: later.curves }],
      ["key", { key: null }],
      ["signal", { signal: null, spectrogram: null, warnings: [], decodedSeconds: 5 }],
      ["waveform", { waveform: later.waveform }],
    ] as const,
  )(
    "has what is told of %s from the later one, with its version and error, and nothing else",
    (part, own) => {
      const { [part]: _, ...kept } = earlier.errors;
      assert.deepStrictEqual(withParts(earlier, later, [part]), {
        ...earlier,
        ...own,
        analyserVersion: { ...earlier.analyserVersion, [part]: 9 },
        errors: { ...kept, ...(part in later.errors && { [part]: "No" }) },
      });
    },
  );

  it("is the later one where all parts are, and the earlier one where none is", () => {
    assert.deepStrictEqual(withParts(earlier, later, allParts), later);
    assert.deepStrictEqual(withParts(earlier, later, []), earlier);
  });
});
