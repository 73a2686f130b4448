import { assert, describe, it } from "@effect/vitest";
import type { DomainEvent } from "../../../domain/event/DomainEvent.ts";
import { ThroughputProjection } from "../../../services/projections/ThroughputProjection.ts";
import {
  analysisOf,
  conversionOf,
  encoder,
  failure,
  newTenant,
  receivedBy,
  recorded,
  renderedOf,
  reportOn,
} from "../../support/Fixtures.ts";
import { fold } from "../../support/Folding.ts";

const tenantId = newTenant();
const upload = receivedBy(tenantId, { sizeBytes: 1_000 });
const { uploadId } = upload;
const requested = conversionOf(upload);
const { conversionId } = requested;
const { analysisId } = analysisOf(upload);
const output = (sizeBytes: number) => ({ ...renderedOf(tenantId, requested), sizeBytes });

const completed: DomainEvent = {
  _tag: "ConversionCompleted",
  conversionId,
  outputs: [output(7), output(50)],
  failed: [],
  encoder,
};
const counted: ReadonlyArray<readonly [DomainEvent, object]> = [
  [upload, { uploads: 1, uploadedBytes: 1_000 }],
  [{ _tag: "UploadRejected", uploadId, reason: failure }, { rejected: 1 }],
  [completed, { conversionsCompleted: 1, renderedBytes: 57 }],
  [{ _tag: "ConversionFailed", conversionId, reason: failure }, { conversionsFailed: 1 }],
  [
    { _tag: "AnalysisCompleted", analysisId, report: reportOn({ tenantId, ...upload }, analysisId) },
    { analysesCompleted: 1 },
  ],
  [{ _tag: "AnalysisFailed", analysisId, reason: failure }, { analysesFailed: 1 }],
];

const nothing = {
  uploads: 0,
  uploadedBytes: 0,
  rejected: 0,
  conversionsCompleted: 0,
  conversionsFailed: 0,
  renderedBytes: 0,
  analysesCompleted: 0,
  analysesFailed: 0,
};

/** The events at the positions 1, 2, 3 … and at these times. */
const at = (...events: ReadonlyArray<readonly [string, DomainEvent]>) =>
  recorded(tenantId, events.map(([, event]) => event)).map((recorded, index) => ({
    ...recorded,
    recordedAt: new Date(events[index]?.[0] ?? ""),
  }));

const rowOf = (hour: string) => ({ id: `${tenantId}/${hour}`, tenantId, hour: new Date(`${hour}:00:00Z`) });

describe("The view of throughput", () => {
  it("counts what came in and what was made in an hour", () => {
    for (const [event, counts] of counted) {
      const once: ReadonlyArray<object> = fold(ThroughputProjection, at(["2026-03-01T14:30:00Z", event]));
      assert.deepStrictEqual(
        once,
        [{ ...rowOf("2026-03-01T14"), ...nothing, ...counts, position: 1 }],
        event._tag,
      );
    }
    const all = [...counted, ...counted].map(([event]) => ["2026-03-01T14:30:00Z", event] as const);
    const rows: ReadonlyArray<object> = fold(ThroughputProjection, at(...all));
    assert.deepStrictEqual(rows, [{
      ...rowOf("2026-03-01T14"),
      uploads: 2,
      uploadedBytes: 2_000,
      rejected: 2,
      conversionsCompleted: 2,
      conversionsFailed: 2,
      renderedBytes: 114,
      analysesCompleted: 2,
      analysesFailed: 2,
      position: 12,
    }]);
  });

  it("begins a row with each hour, UTC, in which something happens", () => {
    const rows: ReadonlyArray<object> = fold(
      ThroughputProjection,
      at(
        ["2026-03-01T23:00:00.000Z", upload],
        ["2026-03-01T23:59:59.999Z", upload],
        ["2026-03-02T00:00:00.000Z", upload],
        // The clocks of several processes are not quite the same.
        ["2026-03-01T23:59:59.998Z", upload],
        ["2026-03-02T05:30:00+01:00", upload],
      ),
    );
    assert.deepStrictEqual(rows, [
      { ...rowOf("2026-03-01T23"), ...nothing, uploads: 3, uploadedBytes: 3_000, position: 4 },
      { ...rowOf("2026-03-02T00"), ...nothing, uploads: 1, uploadedBytes: 1_000, position: 3 },
      { ...rowOf("2026-03-02T04"), ...nothing, uploads: 1, uploadedBytes: 1_000, position: 5 },
    ]);
  });

  it("counts each tenant for itself", () => {
    const other = newTenant();
    const log = [...recorded(tenantId, [upload, upload]), ...recorded(other, [receivedBy(other)], 3)];
    assert.sameDeepMembers(
      fold(ThroughputProjection, log).map(({ tenantId, uploads }) => [tenantId, uploads]),
      [[tenantId, 2], [other, 1]],
    );
  });

  it("looks at what it counts only", () => {
    assert.sameMembers([...ThroughputProjection.types], counted.map(([{ _tag }]) => _tag));
  });
});
