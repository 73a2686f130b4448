import { assert, describe, it } from "@effect/vitest";
import type { CleanupRequested } from "../../../domain/cleanup/Cleanup.ts";
import type { DomainEvent } from "../../../domain/event/DomainEvent.ts";
import { JobsProjection } from "../../../services/projections/JobsProjection.ts";
import {
  analysisOf,
  conversionOf,
  encoder,
  failure,
  newId,
  newTenant,
  receivedBy,
  recorded,
  recordedAt,
  renderedOf,
  reportOn,
  user,
} from "../../support/Fixtures.ts";
import { fold } from "../../support/Folding.ts";

const tenantId = newTenant();
const upload = receivedBy(tenantId);

const conversion = conversionOf(upload);
const { conversionId } = conversion;
const analysis = analysisOf(upload);
const { analysisId } = analysis;
const cleanupId = newId("cln");
const cleanup: typeof CleanupRequested.Type = {
  _tag: "CleanupRequested",
  cleanupId,
  uploadId: upload.uploadId,
  userId: user,
  prefix: "prefix/",
};

const report = reportOn({ tenantId, ...upload }, analysisId);
const outputs = [renderedOf(tenantId, conversion)] as const;

/** The events of each kind of job, by what they mean; `null` for what a kind does not have. */
const kinds = {
  conversion: {
    id: conversionId,
    requested: conversion,
    started: (attempt: number) => ({ _tag: "ConversionStarted", conversionId, attempt }),
    progressed: { _tag: "ConversionProgressed", conversionId, attempt: 1, progress: 0.4 },
    completed: { _tag: "ConversionCompleted", conversionId, outputs, failed: [], encoder },
    failed: { _tag: "ConversionFailed", conversionId, reason: failure },
    cancelled: { _tag: "ConversionCancelled", conversionId },
    requeued: [{ _tag: "ConversionReleased", conversionId, attempt: 1 }, {
      _tag: "ConversionRetried",
      conversionId,
    }],
  },
  analysis: {
    id: analysisId,
    requested: analysis,
    started: (attempt: number) => ({ _tag: "AnalysisStarted", analysisId, attempt }),
    progressed: { _tag: "AnalysisProgressed", analysisId, attempt: 1, progress: 0.4 },
    completed: { _tag: "AnalysisCompleted", analysisId, report },
    failed: { _tag: "AnalysisFailed", analysisId, reason: failure },
    cancelled: { _tag: "AnalysisCancelled", analysisId },
    requeued: [{ _tag: "AnalysisReleased", analysisId, attempt: 1 }],
  },
  cleanup: {
    id: cleanupId,
    requested: cleanup,
    started: (attempt: number) => ({ _tag: "CleanupStarted", cleanupId, attempt }),
    progressed: null,
    completed: { _tag: "CleanupCompleted", cleanupId, objects: 3, bytes: 9 },
    failed: { _tag: "CleanupFailed", cleanupId, reason: failure },
    cancelled: null,
    requeued: [{ _tag: "CleanupRetried", cleanupId }],
  },
} as const satisfies Record<string, {
  readonly id: string;
  readonly requested: DomainEvent;
  readonly started: (attempt: number) => DomainEvent;
  readonly progressed: DomainEvent | null;
  readonly completed: DomainEvent;
  readonly failed: DomainEvent;
  readonly cancelled: DomainEvent | null;
  readonly requeued: ReadonlyArray<DomainEvent>;
}>;

const rowsAfter = (...events: ReadonlyArray<DomainEvent>): ReadonlyArray<object> =>
  fold(JobsProjection, recorded(tenantId, events));

for (const [kind, events] of Object.entries(kinds)) {
  const { id, requested, started, progressed, completed, failed, cancelled, requeued } = events;
  const queued = {
    id,
    kind,
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
  };
  const running = { ...queued, status: "running", attempt: 1, startedAt: recordedAt(2), position: 2 };

  describe(`The view of jobs, a ${kind} in it`, () => {
    it("shows it as queued once it is asked for", () =>
      assert.deepStrictEqual(rowsAfter(requested), [queued]));

    it("shows an attempt, how far it is, and that the next begins from nothing", () => {
      assert.deepStrictEqual(rowsAfter(requested, started(1)), [running]);
      if (progressed !== null) {
        assert.deepStrictEqual(rowsAfter(requested, started(1), progressed), [
          { ...running, progress: 0.4, position: 3 },
        ]);
        assert.deepStrictEqual(rowsAfter(requested, started(1), progressed, started(2)), [
          { ...running, attempt: 2, startedAt: recordedAt(4), position: 4 },
        ]);
      }
    });

    it("shows how it ended, without what it led to", () => {
      const over = { ...running, finishedAt: recordedAt(3), position: 3 };
      assert.deepStrictEqual(rowsAfter(requested, started(1), completed), [
        { ...over, status: "completed", progress: 1 },
      ]);
      assert.deepStrictEqual(rowsAfter(requested, started(1), failed), [
        { ...over, status: "failed", error: failure },
      ]);
      if (cancelled !== null) {
        assert.deepStrictEqual(rowsAfter(requested, started(1), cancelled), [{
          ...over,
          status: "cancelled",
        }]);
      }
    });

    it("queues it anew without the traces of the last attempt", () => {
      for (const again of requeued) {
        assert.deepStrictEqual(rowsAfter(requested, started(1), failed, again), [
          { ...queued, attempt: 1, queuedAt: recordedAt(4), position: 4 },
        ]);
      }
    });

    it("has no row for one of which it never heard", () => {
      assert.deepStrictEqual(rowsAfter(started(1), completed, failed, ...requeued), []);
    });
  });
}

describe("The view of jobs", () => {
  it("looks at everything that happens to jobs, and at nothing else", () => {
    const events = Object.values(kinds).flatMap((
      { requested, started, progressed, completed, failed, cancelled, requeued },
    ) => [requested, started(1), progressed, completed, failed, cancelled, ...requeued]);
    assert.sameMembers(
      [...JobsProjection.types],
      events.flatMap((event) => event === null ? [] : [event._tag]),
    );
  });

  it("keeps the jobs of one upload apart", () => {
    const rows = fold(
      JobsProjection,
      recorded(tenantId, [conversion, analysis, cleanup, kinds.analysis.started(1)]),
    );
    assert.sameMembers(
      rows.map(({ kind, status }) => `${kind} ${status}`),
      ["conversion queued", "analysis running", "cleanup queued"],
    );
  });
});
