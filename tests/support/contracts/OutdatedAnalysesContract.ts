import { assert, type Vitest } from "@effect/vitest";
import { Effect } from "effect";
import type { AnalyserVersions, AnalysisPart } from "../../../domain/analysis/AnalysisPart.ts";
import type { DomainEvent } from "../../../domain/event/DomainEvent.ts";
import type { TenantId } from "../../../domain/Id.ts";
import { AnalysesProjection } from "../../../services/projections/AnalysesProjection.ts";
import type { Projection, ViewRow } from "../../../services/projections/Projection.ts";
import { ProjectionStore } from "../../../services/projections/ProjectionStore.ts";
import { UploadsProjection } from "../../../services/projections/UploadsProjection.ts";
import { OutdatedAnalyses, type OutdatedFilter } from "../../../services/views/OutdatedAnalyses.ts";
import { analysisOf, failure, media, newTenant, receivedBy, recorded, reportOn } from "../Fixtures.ts";
import { liveOf } from "../LiveViews.ts";

const versions = { loudness: 2, tempo: 1, key: 3, signal: 2, waveform: 2, transcript: 0 };

/** What every database that outdated analyses are found in keeps to. */
export const outdatedAnalysesContract = (
  it: Vitest.MethodsNonLive<OutdatedAnalyses | ProjectionStore>,
): void => {
  const project = Effect.fnUntraced(function* (tenantId: TenantId, events: ReadonlyArray<DomainEvent>) {
    const live = liveOf(yield* ProjectionStore);
    const apply = Effect.fnUntraced(function* <Row extends ViewRow>(projection: Projection<Row>) {
      const from = yield* live.prepare(projection);
      assert.isTrue(yield* live.apply(projection, from, recorded(tenantId, events, from + 1)));
    });
    yield* apply(UploadsProjection);
    yield* apply(AnalysesProjection);
  });

  /** An upload and its analyses, each the versions that it was measured by, or how it stands. */
  const uploadOf = (
    tenantId: TenantId,
    ...analyses: ReadonlyArray<Partial<AnalyserVersions> | "queued" | "failed">
  ) => {
    const upload = receivedBy(tenantId);
    const { uploadId } = upload;
    const events = analyses.flatMap((outcome): ReadonlyArray<DomainEvent> => {
      const requested = analysisOf(upload);
      const { analysisId } = requested;
      if (outcome === "queued") return [requested];
      if (outcome === "failed") return [requested, { _tag: "AnalysisFailed", analysisId, reason: failure }];
      const report = reportOn({ ...upload, tenantId }, analysisId);
      const analyserVersion = { ...versions, ...outcome };
      return [requested, { _tag: "AnalysisCompleted", analysisId, report: { ...report, analyserVersion } }];
    });
    return {
      uploadId,
      userId: upload.userId,
      events: [upload, { _tag: "UploadReady", uploadId, media }, ...events] as ReadonlyArray<DomainEvent>,
    };
  };

  /** The uploads that a filter finds, with their outdated parts, and how many it counts. */
  const found = Effect.fnUntraced(function* (filter: OutdatedFilter) {
    const outdated = yield* OutdatedAnalyses;
    const rows = yield* outdated.find(filter, 100);
    assert.strictEqual(yield* outdated.count(filter), rows.length);
    return rows.map((
      { uploadId, parts },
    ): readonly [string, ReadonlyArray<AnalysisPart>] => [uploadId, parts]);
  });

  it.effect("finds what older versions measured in the newest completed analysis, newest uploads first", () =>
    Effect.gen(function* () {
      const tenantId = newTenant();
      const old = uploadOf(tenantId, { key: 2, loudness: 1 });
      const mended = uploadOf(tenantId, { key: 2 }, {});
      const never = uploadOf(tenantId, "failed");
      const failed = uploadOf(tenantId, { key: 0 }, "failed");
      const queued = uploadOf(tenantId, { key: 0 }, "queued");
      const deleted = uploadOf(tenantId, { key: 0 });
      const { uploadId, userId } = deleted;
      const all = [old, mended, never, failed, queued, deleted].flatMap(({ events }) => events);
      yield* project(tenantId, [...all, { _tag: "UploadDeleted", uploadId, userId }]);
      assert.deepStrictEqual(yield* found({ versions, tenantId }), [
        [failed.uploadId, ["key"]],
        [old.uploadId, ["key", "loudness"]],
      ]);
      assert.deepStrictEqual(yield* found({ versions: { loudness: 2 }, tenantId }), [
        [old.uploadId, ["loudness"]],
      ]);
      assert.deepStrictEqual(yield* found({ versions: { key: 2 }, tenantId }), [[failed.uploadId, ["key"]]]);
      assert.deepStrictEqual(yield* found({ versions: {}, tenantId }), []);
    }));

  it.effect("goes through the uploads of all tenants, page by page", () =>
    Effect.gen(function* () {
      const outdated = yield* OutdatedAnalyses;
      const tenants = [newTenant(), newTenant()];
      const uploads: Array<string> = [];
      for (const tenantId of tenants) {
        for (let i = 0; i < 3; i++) {
          const { uploadId, events } = uploadOf(tenantId, { tempo: 0 });
          yield* project(tenantId, events);
          uploads.push(uploadId);
        }
      }
      const seen: Array<string> = [];
      let page = yield* outdated.find({ versions }, 2);
      while (page.length > 0) {
        seen.push(...page.map(({ uploadId }) => uploadId));
        page = yield* outdated.find({ versions, after: page.at(-1) }, 2);
      }
      assert.strictEqual(new Set(seen).size, seen.length);
      assert.includeMembers(seen, uploads);
      assert.lengthOf(yield* found({ versions, tenantId: tenants[0] }), 3);
    }));

  it.effect("counts the analyses that are queued or running", () =>
    Effect.gen(function* () {
      const { active } = yield* OutdatedAnalyses;
      const before = yield* active;
      const tenantId = newTenant();
      yield* project(tenantId, uploadOf(tenantId, {}, "queued", "failed", "queued").events);
      assert.strictEqual((yield* active) - before, 2);
    }));
};
