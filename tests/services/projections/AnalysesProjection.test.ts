import { assert, describe, it } from "@effect/vitest";
import type { DomainEvent } from "../../../domain/event/DomainEvent.ts";
import { AnalysesProjection } from "../../../services/projections/AnalysesProjection.ts";
import {
  analysisOf,
  failure,
  newTenant,
  receivedBy,
  recorded,
  recordedAt,
  reportOn,
  user,
} from "../../support/Fixtures.ts";
import { fold } from "../../support/Folding.ts";

const { types } = AnalysesProjection;

const tenantId = newTenant();
const upload = receivedBy(tenantId);
const requested = analysisOf(upload);
const { analysisId } = requested;
const report = reportOn({ tenantId, ...upload }, analysisId);

const started = (attempt: number) => ({ _tag: "AnalysisStarted", analysisId, attempt }) as const;
const progressed = { _tag: "AnalysisProgressed", analysisId, attempt: 1, progress: 0.4 } as const;
const completed = { _tag: "AnalysisCompleted", analysisId, report } as const;
const failed = { _tag: "AnalysisFailed", analysisId, reason: failure } as const;
const cancelled = { _tag: "AnalysisCancelled", analysisId } as const;
const released = { _tag: "AnalysisReleased", analysisId, attempt: 1 } as const;

/** The row after events at the positions 1, 2, 3 … */
const rowAfter = (...events: ReadonlyArray<DomainEvent>): object | null =>
  fold(AnalysesProjection, recorded(tenantId, events))[0] ?? null;

const queued = {
  id: analysisId,
  tenantId,
  userId: user,
  uploadId: upload.uploadId,
  status: "queued",
  progress: 0,
  attempt: 0,
  error: null,
  queuedAt: recordedAt(1),
  startedAt: null,
  finishedAt: null,
  position: 1,
  parts: null,
  report: null,
};
const running = { ...queued, status: "running", attempt: 1, startedAt: recordedAt(2), position: 2 };

describe("The view of analyses", () => {
  it("shows a requested analysis as queued", () => assert.deepStrictEqual(rowAfter(requested), queued));

  it("shows what is to be measured where that is not everything", () =>
    assert.deepStrictEqual(rowAfter({ ...requested, parts: ["key"] }), { ...queued, parts: ["key"] }));

  it("shows an attempt and how far it is", () => {
    assert.deepStrictEqual(rowAfter(requested, started(1), progressed), {
      ...running,
      progress: 0.4,
      position: 3,
    });
  });

  it("shows how it ended", () => {
    const over = { ...running, progress: 0.4, finishedAt: recordedAt(4), position: 4 };
    const rowWith = (end: DomainEvent) => rowAfter(requested, started(1), progressed, end);
    assert.deepStrictEqual(rowWith(completed), { ...over, status: "completed", progress: 1, report });
    assert.deepStrictEqual(rowWith(failed), { ...over, status: "failed", error: failure });
    assert.deepStrictEqual(rowWith(cancelled), { ...over, status: "cancelled" });
  });

  it("queues it anew when it is given back, and starts again from nothing", () => {
    assert.deepStrictEqual(rowAfter(requested, started(1), progressed, released), {
      ...queued,
      attempt: 1,
      queuedAt: recordedAt(4),
      position: 4,
    });
    assert.deepStrictEqual(rowAfter(requested, started(1), progressed, released, started(2)), {
      ...running,
      attempt: 2,
      queuedAt: recordedAt(4),
      startedAt: recordedAt(5),
      position: 5,
    });
  });

  it("looks at the events of analyses only", () => {
    const events = [requested, started(1), progressed, completed, failed, cancelled, released];
    assert.sameMembers([...types], events.map(({ _tag }) => _tag));
    assert.isNull(rowAfter(completed));
  });
});
