import { assert, describe, it } from "@effect/vitest";
import type { DomainEvent } from "../../../domain/event/DomainEvent.ts";
import { AnalysesProjection } from "../../../services/projections/AnalysesProjection.ts";
import { ConversionsProjection } from "../../../services/projections/ConversionsProjection.ts";
import { UploadsProjection } from "../../../services/projections/UploadsProjection.ts";
import { presentUpload } from "../../../src/http/Presentation.ts";
import { analysisOf, conversionOf, media, newTenant, receivedBy, recorded } from "../../support/Fixtures.ts";
import { fold } from "../../support/Folding.ts";

const tenantId = newTenant();

/** The status that is shown of an upload after events, which asked for an output, an analysis, both or nothing. */
const statusAfter = (
  asks: { output: boolean; analysis: boolean },
  ...jobs: ReadonlyArray<"output" | "analysis">
) => {
  const outputs = asks.output ? [{ name: "small", format: "mp3" } as const] : [];
  const received = receivedBy(tenantId, { process: { outputs, analysis: asks.analysis } });
  const requests: ReadonlyArray<DomainEvent> = jobs.map((job) =>
    job === "output" ? conversionOf(received) : analysisOf(received)
  );
  const log = recorded(tenantId, [
    received,
    { _tag: "UploadReady", uploadId: received.uploadId, media },
    ...requests,
  ]);
  const [upload] = fold(UploadsProjection, log), [analysis] = fold(AnalysesProjection, log);
  return presentUpload(upload ?? assert.fail(), fold(ConversionsProjection, log), analysis).status;
};

describe("an upload, as it is shown", () => {
  it("is ready when the jobs are there that it asked for", () => {
    const [none, output] = [{ output: false, analysis: false }, { output: true, analysis: false }];
    const [analysis, both] = [{ output: false, analysis: true }, { output: true, analysis: true }];
    assert.strictEqual(statusAfter(none), "ready");
    assert.strictEqual(statusAfter(output), "received");
    assert.strictEqual(statusAfter(output, "output"), "ready");
    assert.strictEqual(statusAfter(analysis, "output"), "received");
    assert.strictEqual(statusAfter(analysis, "analysis"), "ready");
    assert.strictEqual(statusAfter(both, "output"), "received");
    assert.strictEqual(statusAfter(both, "analysis"), "received");
    assert.strictEqual(statusAfter(both, "output", "analysis"), "ready");
  });
});
