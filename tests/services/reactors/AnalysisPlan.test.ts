import { assert, describe, it } from "@effect/vitest";
import { allParts } from "../../../domain/analysis/AnalysisPart.ts";
import { planOf } from "../../../services/reactors/AnalysisPlan.ts";
import { newId, newTenant, reportOn, user } from "../../support/Fixtures.ts";

const report = reportOn({ tenantId: newTenant(), userId: user, uploadId: newId("upl") }, newId("anl"));
const completed = { status: "completed", parts: null, report } as const;

describe("what an analysis measures", () => {
  it("is what was asked for, where an earlier one was completed", () => {
    assert.deepStrictEqual(planOf(["key", "tempo"], [completed]), {
      parts: ["tempo", "key"],
      earlier: report,
    });
  });

  it("is everything where none was", () => {
    const failed = { status: "failed", parts: ["key"], report: null } as const;
    assert.deepStrictEqual(planOf(["key"], []), { parts: allParts, earlier: null });
    assert.deepStrictEqual(planOf(["key"], [failed]), { parts: allParts, earlier: null });
  });

  it("includes what those after the completed one are still to measure, not what they failed to", () => {
    const before = [
      { status: "queued", parts: ["waveform"], report: null },
      { status: "failed", parts: ["loudness"], report: null },
      { status: "running", parts: ["tempo"], report: null },
      completed,
      { status: "running", parts: ["signal"], report: null },
    ] as const;
    assert.deepStrictEqual(planOf(["key"], before), { parts: ["tempo", "key", "waveform"], earlier: report });
    assert.deepStrictEqual(
      planOf(["key"], [{ status: "queued", parts: null, report: null }, completed]).parts,
      allParts,
    );
  });

  it("includes the other part of curves that are not there yet", () => {
    const before = [{ ...completed, report: { ...report, curves: null } }];
    assert.deepStrictEqual(planOf(["tempo"], before).parts, ["loudness", "tempo"]);
    assert.deepStrictEqual(planOf(["key"], before).parts, ["key"]);
  });
});
