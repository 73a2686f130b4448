import { PgClient } from "@effect/sql-pg";
import { assert, type Vitest } from "@effect/vitest";
import { Effect, Fiber, type Scope } from "effect";
import type { CleanupRequested } from "../../../domain/cleanup/Cleanup.ts";
import type { DomainEvent } from "../../../domain/event/DomainEvent.ts";
import { Position, type RecordedEvent } from "../../../domain/event/RecordedEvent.ts";
import { type TenantId, UserId } from "../../../domain/Id.ts";
import type { UploadReceived } from "../../../domain/upload/Upload.ts";
import { JobsProjection } from "../../../services/projections/JobsProjection.ts";
import type { Projection, ViewRow } from "../../../services/projections/Projection.ts";
import { ProjectionStore } from "../../../services/projections/ProjectionStore.ts";
import { StorageUsageProjection } from "../../../services/projections/StorageUsageProjection.ts";
import { ThroughputProjection } from "../../../services/projections/ThroughputProjection.ts";
import { type JobFilter, Overviews, type UsageFilter } from "../../../services/views/Overviews.ts";
import { ViewsError } from "../../../services/views/Views.ts";
import {
  analysisOf,
  conversionOf,
  encoder,
  newId,
  newTenant,
  receivedBy,
  recorded,
  renderedOf,
  user,
} from "../Fixtures.ts";
import { hurried } from "../Hurried.ts";
import { liveOf } from "../LiveViews.ts";
import { restored } from "../TallyTests.ts";

interface Given {
  readonly overviews: Overviews["Service"];
  readonly tenantId: TenantId;
  /** Applies events of a tenant to every overview; answers the position that all have reached at least. */
  readonly project: (
    events: ReadonlyArray<DomainEvent>,
    tenantId?: TenantId,
    change?: (event: RecordedEvent, index: number) => RecordedEvent,
  ) => Effect.Effect<Position, unknown>;
  readonly sql: PgClient.PgClient;
}

const cleanupOf = ({ uploadId, userId }: typeof UploadReceived.Type): typeof CleanupRequested.Type => ({
  _tag: "CleanupRequested",
  cleanupId: newId("cln"),
  uploadId,
  userId,
  prefix: "prefix/",
});

/** What every database that overviews are read from keeps to. */
export const overviewsContract = (
  it: Vitest.MethodsNonLive<Overviews | ProjectionStore | PgClient.PgClient>,
): void => {
  const test = (sentence: string, body: (given: Given) => Effect.fn.Return<void, unknown, Scope.Scope>) =>
    it.effect(sentence, () =>
      Effect.gen(function* () {
        const [overviews, sql] = [yield* Overviews, yield* PgClient.PgClient];
        const live = liveOf(yield* ProjectionStore);
        const own = newTenant();
        const project = Effect.fnUntraced(function* (
          events: ReadonlyArray<DomainEvent>,
          tenantId = own,
          change: (event: RecordedEvent, index: number) => RecordedEvent = (event) => event,
        ) {
          const apply = Effect.fnUntraced(function* <Row extends ViewRow>(projection: Projection<Row>) {
            const from = yield* live.prepare(projection);
            const log = recorded(tenantId, events, from + 1).map((event, index) => change(event, index));
            assert.isTrue(yield* live.apply(projection, from, log));
            return from + events.length;
          });
          const reached = [
            yield* apply(JobsProjection),
            yield* apply(StorageUsageProjection),
            yield* apply(ThroughputProjection),
          ];
          return Position.make(Math.min(...reached));
        });
        yield* Effect.gen(() => body({ overviews, tenantId: own, project, sql }));
      }));

  const jobIds = ({ overviews, tenantId }: Given, filter: Partial<JobFilter> = {}) =>
    Effect.map(overviews.jobs(tenantId, { limit: 100, ...filter }), (rows) => rows.map(({ id }) => id));

  test("shows nothing of a tenant to another one", function* ({ overviews, tenantId, project }) {
    const upload = receivedBy(tenantId);
    const conversion = conversionOf(upload);
    const { conversionId } = conversion;
    const outputs = [renderedOf(tenantId, conversion)] as const;
    yield* project([upload, conversion, {
      _tag: "ConversionCompleted",
      conversionId,
      outputs,
      failed: [],
      encoder,
    }]);
    const since = new Date(0);
    assert.lengthOf(yield* overviews.jobs(tenantId, { limit: 10 }), 1);
    assert.strictEqual((yield* overviews.job(tenantId, conversionId))?.status, "completed");
    assert.lengthOf(yield* overviews.storageUsage(tenantId, { limit: 10 }), 1);
    assert.lengthOf(yield* overviews.throughput(tenantId, since), 1);

    const other = newTenant();
    const filters: ReadonlyArray<Partial<JobFilter>> = [
      {},
      { kind: "conversion" },
      { status: "completed" },
      { uploadId: upload.uploadId },
      { after: conversionId },
    ];
    for (const filter of filters) {
      assert.deepStrictEqual(
        yield* overviews.jobs(other, { limit: 10, ...filter }),
        [],
        JSON.stringify(filter),
      );
    }
    assert.isNull(yield* overviews.job(other, conversionId));
    assert.deepStrictEqual(yield* overviews.storageUsage(other, { limit: 10 }), []);
    assert.deepStrictEqual(yield* overviews.storageUsage(other, { userId: user, limit: 10 }), []);
    assert.strictEqual((yield* overviews.storageInAll(other, undefined)).originalBytes, 0);
    assert.deepStrictEqual(yield* overviews.throughput(other, since), []);
    // Another tenant's job is no place to go on from, although there are older ones.
    yield* project([conversionOf(receivedBy(other))], other, (event) => ({ ...event, recordedAt: since }));
    assert.lengthOf(yield* overviews.jobs(other, { limit: 10 }), 1);
    assert.deepStrictEqual(yield* overviews.jobs(other, { limit: 10, after: conversionId }), []);
  });

  test("finds one job of any kind, and nothing under an id that nobody has", function* (given) {
    const { overviews, tenantId, project } = given;
    const upload = receivedBy(tenantId);
    const [conversion, analysis, cleanup] = [conversionOf(upload), analysisOf(upload), cleanupOf(upload)];
    yield* project([conversion, analysis, cleanup]);
    const kinds = [
      [conversion.conversionId, "conversion"],
      [analysis.analysisId, "analysis"],
      [cleanup.cleanupId, "cleanup"],
    ] as const;
    for (const [id, kind] of kinds) {
      const row = yield* overviews.job(tenantId, id);
      assert.deepInclude<object | null>(row, { id, kind, uploadId: upload.uploadId, tenantId, userId: user });
    }
    for (const id of [newId("cnv"), "", "' OR true --"]) assert.isNull(yield* overviews.job(tenantId, id));
  });

  test("lists jobs from the newest on, page by page, also those of one moment", function* (given) {
    const upload = receivedBy(given.tenantId);
    const jobs = Array.from({ length: 7 }, () => conversionOf(upload));
    // Three moments, for which the ids decide.
    yield* given.project(jobs, given.tenantId, (event, index) => ({
      ...event,
      recordedAt: new Date(Date.UTC(2026, 0, 1, 0, Math.floor(index / 3))),
    }));
    const newestFirst = jobs.map(({ conversionId }) => conversionId).reverse();
    assert.deepStrictEqual<unknown>(yield* jobIds(given), newestFirst);
    const pages = [yield* jobIds(given, { limit: 2 })];
    while (pages.at(-1)?.length !== 0) {
      pages.push(yield* jobIds(given, { limit: 2, after: pages.at(-1)?.at(-1) }));
    }
    assert.deepStrictEqual<unknown>(pages, [
      newestFirst.slice(0, 2),
      newestFirst.slice(2, 4),
      newestFirst.slice(4, 6),
      newestFirst.slice(6),
      [],
    ]);
    assert.deepStrictEqual(yield* jobIds(given, { after: newId("cnv") }), []);
  });

  test("lists by kind, status and upload, and by all of them together", function* (given) {
    const { tenantId, project } = given;
    const [one, two] = [receivedBy(tenantId), receivedBy(tenantId)];
    const [first, second] = [conversionOf(one), conversionOf(two)];
    const [analysis, cleanup] = [analysisOf(one), cleanupOf(two)];
    const { conversionId } = first;
    yield* project([
      first,
      second,
      analysis,
      cleanup,
      { _tag: "ConversionStarted", conversionId, attempt: 1 },
      { _tag: "AnalysisCancelled", analysisId: analysis.analysisId },
    ]);
    const all = [cleanup.cleanupId, analysis.analysisId, second.conversionId, conversionId];
    const [ofCleanup, ofAnalysis, ofSecond, ofFirst] = all;
    const cases: ReadonlyArray<readonly [Partial<JobFilter>, ReadonlyArray<unknown>]> = [
      [{}, all],
      [{ kind: "conversion" }, [ofSecond, ofFirst]],
      [{ kind: "analysis" }, [ofAnalysis]],
      [{ kind: "cleanup" }, [ofCleanup]],
      [{ status: "queued" }, [ofCleanup, ofSecond]],
      [{ status: "running" }, [ofFirst]],
      [{ status: "cancelled" }, [ofAnalysis]],
      [{ status: "failed" }, []],
      [{ uploadId: one.uploadId }, [ofAnalysis, ofFirst]],
      [{ uploadId: "' OR true --" }, []],
      [{ kind: "conversion", status: "queued", uploadId: two.uploadId }, [ofSecond]],
      [{ kind: "conversion", status: "queued", uploadId: one.uploadId }, []],
      [{ status: "queued", after: ofCleanup }, [ofSecond]],
      [{ limit: 3 }, all.slice(0, 3)],
    ];
    for (const [filter, expected] of cases) {
      assert.deepStrictEqual<unknown>(yield* jobIds(given, filter), expected, JSON.stringify(filter));
    }
  });

  test("sums what each user has in storage", function* ({ overviews, tenantId, project }) {
    const other = UserId.make("user-2");
    const [one, two, three] = [
      receivedBy(tenantId, { sizeBytes: 10 }),
      receivedBy(tenantId, { sizeBytes: 200 }),
      receivedBy(tenantId, { sizeBytes: 3_000, userId: other }),
    ];
    // The user of the same name of another tenant is another user.
    yield* project([receivedBy(tenantId)], newTenant());
    yield* project([one, two, three, { _tag: "UploadDeleted", uploadId: one.uploadId, userId: user }]);
    const sums = (rows: Effect.Success<ReturnType<typeof overviews.storageUsage>>) =>
      rows.map(({ userId, uploadId, uploads, originalBytes }) => [userId, uploadId, uploads, originalBytes]);
    const expected = [[user, null, 1, 200], [other, null, 1, 3_000]];
    const cases: ReadonlyArray<readonly [Partial<UsageFilter>, ReadonlyArray<unknown>]> = [
      [{}, expected],
      [{ userId: other }, [expected[1]]],
      [{ userId: "user-3" }, []],
      [{ limit: 1 }, [expected[0]]],
      [{ after: user }, [expected[1]]],
      [{ after: other }, []],
    ];
    for (const [filter, users] of cases) {
      const found = yield* overviews.storageUsage(tenantId, { limit: 10, ...filter });
      assert.deepStrictEqual<unknown>(sums(found), users, JSON.stringify(filter));
    }
    const inAll = { uploads: 2, originalBytes: 3_200, renditions: 0, renditionBytes: 0 };
    assert.deepStrictEqual(yield* overviews.storageInAll(tenantId, undefined), inAll);
    assert.deepStrictEqual(yield* overviews.storageInAll(tenantId, user), {
      ...inAll,
      uploads: 1,
      originalBytes: 200,
    });
  });

  test("shows the hours since a time in which something happened", function* (given) {
    const { overviews, tenantId, project } = given;
    const uploads = [1, 1, 3, 4].map((hour) =>
      [receivedBy(tenantId), Date.UTC(2026, 0, 1, hour, 30)] as const
    );
    yield* project(uploads.map(([upload]) => upload), tenantId, (event, index) => ({
      ...event,
      recordedAt: new Date(uploads[index]?.[1] ?? assert.fail()),
    }));
    const since = (hour: number, minute = 0) =>
      Effect.map(
        overviews.throughput(tenantId, new Date(Date.UTC(2026, 0, 1, hour, minute))),
        (rows) => rows.map(({ hour, uploads }) => [hour.getUTCHours(), uploads]),
      );
    assert.deepStrictEqual(yield* since(0), [[1, 2], [3, 1], [4, 1]]);
    assert.deepStrictEqual(yield* since(3), [[3, 1], [4, 1]]);
    assert.deepStrictEqual(yield* since(5), []);
  });

  test("waits until every overview has applied the log up to a position", function* (given) {
    const { overviews, tenantId, project, sql } = given;
    const reached = yield* project([receivedBy(tenantId)]);
    yield* overviews.awaitPosition(reached);
    const waiting = yield* Effect.forkChild(overviews.awaitPosition(Position.make(reached + 1)), {
      startImmediately: true,
    });
    // Two of the three are there.
    yield* sql`UPDATE projections SET position = position + 1 WHERE name IN ('jobs', 'throughput')`;
    const late = new ViewsError({
      reason: { _tag: "Behind", position: Position.make(reached + 1), reached, isPaused: false },
    });
    assert.deepStrictEqual(
      yield* Effect.flip(hurried(overviews.awaitPosition(Position.make(reached + 1)))),
      late,
    );
    assert.isUndefined(waiting.pollUnsafe());
    yield* sql`UPDATE projections SET position = position + 1 WHERE name = 'storage_usage'`;
    yield* Fiber.join(waiting);
  });

  test("takes no view for the log of today that stems from another history", function* (given) {
    const { overviews, tenantId, project, sql } = given;
    const position = yield* project([receivedBy(tenantId)]);
    yield* restored(sql);
    assert.deepStrictEqual(
      yield* Effect.flip(hurried(overviews.awaitPosition(position))),
      new ViewsError({ reason: { _tag: "Behind", position, reached: Position.make(0), isPaused: false } }),
    );
  });
};
