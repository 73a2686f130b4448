import { assert, describe, it } from "@effect/vitest";
import type { DomainEvent } from "../../../domain/event/DomainEvent.ts";
import { ConversionsProjection } from "../../../services/projections/ConversionsProjection.ts";
import {
  conversionOf,
  encoder,
  failure,
  newTenant,
  receivedBy,
  recorded,
  recordedAt,
  renderedOf,
  user,
} from "../../support/Fixtures.ts";
import { fold } from "../../support/Folding.ts";

const { types } = ConversionsProjection;

const tenantId = newTenant();
const upload = receivedBy(tenantId);
const requested = conversionOf(upload);
const { conversionId } = requested;
const rendered = renderedOf(tenantId, requested);

const started = (attempt: number) => ({ _tag: "ConversionStarted", conversionId, attempt }) as const;
const progressed = { _tag: "ConversionProgressed", conversionId, attempt: 1, progress: 0.4 } as const;
const completed = {
  _tag: "ConversionCompleted",
  conversionId,
  outputs: [rendered],
  failed: [],
  encoder,
} as const;
const failed = { _tag: "ConversionFailed", conversionId, reason: failure } as const;
const cancelled = { _tag: "ConversionCancelled", conversionId } as const;
const released = { _tag: "ConversionReleased", conversionId, attempt: 1 } as const;
const retried = { _tag: "ConversionRetried", conversionId } as const;

/** The row after events at the positions 1, 2, 3 … */
const rowAfter = (...events: ReadonlyArray<DomainEvent>): object | null =>
  fold(ConversionsProjection, recorded(tenantId, events))[0] ?? null;

const queued = {
  id: conversionId,
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
  requested: requested.outputs,
  rendered: [],
  failed: [],
};
const running = { ...queued, status: "running", attempt: 1, startedAt: recordedAt(2), position: 2 };

describe("The view of conversions", () => {
  it("shows a requested conversion as queued", () => assert.deepStrictEqual(rowAfter(requested), queued));

  it("shows an attempt and how far it is", () => {
    assert.deepStrictEqual(rowAfter(requested, started(1)), running);
    assert.deepStrictEqual(rowAfter(requested, started(1), progressed), {
      ...running,
      progress: 0.4,
      position: 3,
    });
  });

  it("shows how it ended", () => {
    const over = { ...running, progress: 0.4, finishedAt: recordedAt(4), position: 4 };
    const rowWith = (end: DomainEvent) => rowAfter(requested, started(1), progressed, end);
    assert.deepStrictEqual(rowWith(completed), {
      ...over,
      status: "completed",
      progress: 1,
      rendered: [rendered],
    });
    assert.deepStrictEqual(rowWith(failed), { ...over, status: "failed", error: failure });
    assert.deepStrictEqual(rowWith(cancelled), { ...over, status: "cancelled" });
    assert.deepStrictEqual(rowAfter(requested, cancelled), {
      ...queued,
      status: "cancelled",
      finishedAt: recordedAt(2),
      position: 2,
    });
  });

  it("shows which outputs failed beside those that are there", () => {
    const lost = [{ name: "lost", format: "opus", reason: failure }] as const;
    assert.deepInclude(rowAfter(requested, started(1), { ...completed, failed: lost }), {
      status: "completed",
      error: null,
      rendered: [rendered],
      failed: lost,
    });
  });

  it("begins again from nothing with a new attempt after a lost worker", () => {
    assert.deepStrictEqual(rowAfter(requested, started(1), progressed, started(2)), {
      ...running,
      attempt: 2,
      startedAt: recordedAt(4),
      position: 4,
    });
  });

  it("queues it anew when it is retried or given back, without the traces of the last attempt", () => {
    const again = { ...queued, attempt: 1 };
    assert.deepStrictEqual(rowAfter(requested, started(1), progressed, failed, retried), {
      ...again,
      queuedAt: recordedAt(5),
      position: 5,
    });
    assert.deepStrictEqual(rowAfter(requested, started(1), cancelled, retried), {
      ...again,
      queuedAt: recordedAt(4),
      position: 4,
    });
    assert.deepStrictEqual(rowAfter(requested, started(1), progressed, released), {
      ...again,
      queuedAt: recordedAt(4),
      position: 4,
    });
  });

  it("shows a conversion that succeeds at last as any other", () => {
    const history = [
      requested,
      started(1),
      progressed,
      failed,
      retried,
      started(2),
      released,
      started(3),
      completed,
    ];
    assert.deepStrictEqual(rowAfter(...history), {
      ...queued,
      status: "completed",
      progress: 1,
      attempt: 3,
      queuedAt: recordedAt(7),
      startedAt: recordedAt(8),
      finishedAt: recordedAt(9),
      position: 9,
      rendered: [rendered],
    });
  });

  it("looks at the events of conversions only", () => {
    const events = [requested, started(1), progressed, completed, failed, cancelled, released, retried];
    assert.sameMembers([...types], events.map(({ _tag }) => _tag));
    assert.isNull(rowAfter(started(1)));
  });
});
