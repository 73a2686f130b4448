import { PgClient } from "@effect/sql-pg";
import { assert, type Vitest } from "@effect/vitest";
import { Clock, Effect, Fiber, type Scope } from "effect";
import type { DomainEvent } from "../../../domain/event/DomainEvent.ts";
import { Position } from "../../../domain/event/RecordedEvent.ts";
import { type TenantId, UserId } from "../../../domain/Id.ts";
import { AnalysesProjection } from "../../../services/projections/AnalysesProjection.ts";
import { ConversionsProjection } from "../../../services/projections/ConversionsProjection.ts";
import type { Projection, ViewRow } from "../../../services/projections/Projection.ts";
import { ProjectionStore } from "../../../services/projections/ProjectionStore.ts";
import { UploadsProjection } from "../../../services/projections/UploadsProjection.ts";
import { type UploadFilter, Views, ViewsError } from "../../../services/views/Views.ts";
import {
  analysisOf,
  conversionOf,
  failure,
  media,
  newId,
  newTenant,
  receivedBy,
  recorded,
  reportOn,
  user,
} from "../Fixtures.ts";
import { hurried } from "../Hurried.ts";
import { liveOf } from "../LiveViews.ts";

interface Given {
  readonly views: Views["Service"];
  readonly tenantId: TenantId;
  /** Applies events of a tenant to every view; answers the position that all have reached at least. */
  readonly project: (
    events: ReadonlyArray<DomainEvent>,
    tenantId?: TenantId,
  ) => Effect.Effect<Position, unknown>;
  readonly sql: PgClient.PgClient;
}

/** What every database that views are read from keeps to. */
export const viewsContract = (
  it: Vitest.MethodsNonLive<Views | ProjectionStore | PgClient.PgClient>,
): void => {
  const test = (sentence: string, body: (given: Given) => Effect.fn.Return<void, unknown, Scope.Scope>) =>
    it.effect(sentence, () =>
      Effect.gen(function* () {
        const views = yield* Views;
        const store = yield* ProjectionStore;
        const sql = yield* PgClient.PgClient;
        const own = newTenant();
        const project = Effect.fnUntraced(function* (events: ReadonlyArray<DomainEvent>, tenantId = own) {
          const live = liveOf(store);
          const apply = Effect.fnUntraced(function* <Row extends ViewRow>(projection: Projection<Row>) {
            const from = yield* live.prepare(projection);
            assert.isTrue(yield* live.apply(projection, from, recorded(tenantId, events, from + 1)));
            return from + events.length;
          });
          return Position.make(Math.min(
            yield* apply(UploadsProjection),
            yield* apply(ConversionsProjection),
            yield* apply(AnalysesProjection),
          ));
        });
        yield* Effect.gen(() => body({ views, tenantId: own, project, sql }));
      }));

  /** The ids of the uploads that a filter finds. */
  const found = ({ views, tenantId }: Given, filter: Partial<UploadFilter> = {}) =>
    Effect.map(views.uploads(tenantId, { limit: 100, ...filter }), (rows) => rows.map(({ id }) => id));

  const deletionOf = ({ uploadId, userId }: ReturnType<typeof receivedBy>): DomainEvent => ({
    _tag: "UploadDeleted",
    uploadId,
    userId,
  });

  test("shows nothing of a tenant to another one", function* ({ views, tenantId, project }) {
    const upload = receivedBy(tenantId, { sessionId: "s" });
    const { uploadId } = upload;
    const conversion = conversionOf(upload);
    const analysis = analysisOf(upload);
    yield* project([upload, conversion, analysis]);

    assert.strictEqual((yield* views.upload(tenantId, uploadId))?.id, uploadId);
    assert.strictEqual((yield* views.conversion(tenantId, conversion.conversionId))?.uploadId, uploadId);
    assert.lengthOf(yield* views.uploads(tenantId, { limit: 10 }), 1);
    assert.lengthOf(yield* views.conversionsOf(tenantId, [uploadId]), 1);
    assert.lengthOf(yield* views.analysesOf(tenantId, [uploadId]), 1);

    const other = newTenant();
    assert.isNull(yield* views.upload(other, uploadId));
    assert.isNull(yield* views.conversion(other, conversion.conversionId));
    const filters: ReadonlyArray<Partial<UploadFilter>> = [
      {},
      { userId: user },
      { sessionId: "s" },
      { status: "received" },
      { search: "song" },
      { after: newId("upl") },
    ];
    for (const filter of filters) {
      assert.deepStrictEqual(
        yield* views.uploads(other, { limit: 10, ...filter }),
        [],
        JSON.stringify(filter),
      );
    }
    assert.deepStrictEqual(yield* views.conversionsOf(other, [uploadId]), []);
    assert.deepStrictEqual(yield* views.analysesOf(other, [uploadId]), []);
  });

  test(
    "takes the newest analysis of the asking tenant, whatever others have",
    function* ({ views, tenantId, project }) {
      const upload = receivedBy(tenantId);
      const mine = analysisOf(upload);
      yield* project([upload, mine]);
      yield* project([analysisOf(upload)], newTenant());
      const [row] = yield* views.analysesOf(tenantId, [upload.uploadId]);
      assert.strictEqual(row?.id, mine.analysisId);
    },
  );

  test(
    "leaves out analyses that are over and replaced by a later completed one",
    function* ({ views, tenantId, project }) {
      const upload = receivedBy(tenantId);
      const replaced = analysisOf(upload), failed = analysisOf(upload), underWay = analysisOf(upload);
      const completed = analysisOf(upload), again = analysisOf(upload), queued = analysisOf(upload);
      const completionOf = ({ analysisId }: typeof replaced): DomainEvent => ({
        _tag: "AnalysisCompleted",
        analysisId,
        report: reportOn({ ...upload, tenantId }, analysisId),
      });
      const failureOf = ({ analysisId }: typeof replaced): DomainEvent => ({
        _tag: "AnalysisFailed",
        analysisId,
        reason: failure,
      });
      yield* project([
        ...[
          upload,
          replaced,
          failed,
          underWay,
          completed,
          again,
          queued,
          completionOf(replaced),
          failureOf(failed),
        ],
        ...[completionOf(completed), failureOf(again)],
      ]);
      const found = yield* views.analysesOf(tenantId, [upload.uploadId]);
      assert.deepStrictEqual(found.map(({ id, report }) => [id, report !== null]), [
        [queued.analysisId, false],
        [again.analysisId, false],
        [completed.analysisId, true],
        [underWay.analysisId, false],
      ]);
    },
  );

  test("finds nothing under an id that nobody has", function* ({ views, tenantId, project }) {
    yield* project([receivedBy(tenantId)]);
    for (const id of [newId("upl"), "", "' OR true --", "upl_%"]) {
      assert.isNull(yield* views.upload(tenantId, id));
      assert.isNull(yield* views.conversion(tenantId, id));
    }
    assert.deepStrictEqual(yield* views.conversionsOf(tenantId, []), []);
    assert.deepStrictEqual(yield* views.analysesOf(tenantId, [newId("upl")]), []);
  });

  test("lists uploads from the newest on, page by page", function* (given) {
    const uploads = Array.from({ length: 7 }, () => receivedBy(given.tenantId));
    yield* given.project(uploads);
    const newestFirst = uploads.map(({ uploadId }) => uploadId).reverse();
    assert.deepStrictEqual(yield* found(given), newestFirst);
    const pages = [yield* found(given, { limit: 3 })];
    while (pages.at(-1)?.length !== 0) {
      pages.push(yield* found(given, { limit: 3, after: pages.at(-1)?.at(-1) }));
    }
    assert.deepStrictEqual(pages, [
      newestFirst.slice(0, 3),
      newestFirst.slice(3, 6),
      newestFirst.slice(6),
      [],
    ]);
  });

  test("lists by user, session, status and part of the name, and by all of them together", function* (given) {
    const { tenantId, project } = given;
    const other = UserId.make("user-2");
    const [one, two, three] = [
      receivedBy(tenantId, { sessionId: "s1", filename: "First take.wav" }),
      receivedBy(tenantId, { sessionId: "s2", filename: "50%_off \\ take.mp3" }),
      receivedBy(tenantId, { userId: other, sessionId: "s1", filename: "SECOND.flac" }),
    ];
    yield* project([one, two, three, { _tag: "UploadReady", uploadId: two.uploadId, media }]);
    const cases: ReadonlyArray<readonly [Partial<UploadFilter>, ReadonlyArray<typeof one>]> = [
      [{ userId: user }, [two, one]],
      [{ userId: other }, [three]],
      [{ sessionId: "s1" }, [three, one]],
      [{ status: "ready" }, [two]],
      [{ status: "rejected" }, []],
      [{ search: "TAKE" }, [two, one]],
      [{ search: "second" }, [three]],
      [{ search: "%" }, [two]],
      [{ search: "_" }, [two]],
      [{ search: "\\" }, [two]],
      [{ search: "t%e" }, []],
      [{ search: "'" }, []],
      [{ userId: user, sessionId: "s1", status: "received", search: "take" }, [one]],
      [{ userId: user, sessionId: "s1", status: "received", search: "second" }, []],
      [{ search: "take", after: two.uploadId }, [one]],
    ];
    for (const [filter, expected] of cases) {
      const ids = expected.map(({ uploadId }) => uploadId);
      assert.deepStrictEqual(yield* found(given, filter), ids, JSON.stringify(filter));
    }
  });

  test("finds part of a name in any case and any form of its letters", function* (given) {
    const upload = receivedBy(given.tenantId, {
      filename: "Gr\u00fc\u00dfe aus \u039f\u0394\u039f\u03a3.wav",
    });
    yield* given.project([upload]);
    for (
      const search of [
        "gr\u00fc\u00df",
        "GR\u00dcSS",
        "gru\u0308",
        "\u03bf\u03b4\u03bf\u03c2",
        "\u03bf\u03b4\u03bf\u03c3",
      ]
    ) {
      assert.deepStrictEqual(yield* found(given, { search }), [upload.uploadId], search);
    }
    assert.deepStrictEqual(yield* found(given, { search: "gru" }), []);
  });

  test(
    "sorts by the order of bytes, whatever the language of the database",
    function* ({ sql, tenantId, project }) {
      yield* project([receivedBy(tenantId)]);
      const others = yield* sql`
      SELECT attrelid::regclass::text, attname FROM pg_attribute
      WHERE attrelid::regclass::text LIKE 'view%' AND attcollation NOT IN (0, '"C"'::regcollation)`;
      assert.deepStrictEqual(others, []);
    },
  );

  test("lists deleted uploads only where they are asked for", function* (given) {
    const { views, tenantId, project } = given;
    const [kept, gone] = [receivedBy(tenantId), receivedBy(tenantId)];
    yield* project([kept, gone, deletionOf(gone)]);
    assert.deepStrictEqual(yield* found(given), [kept.uploadId]);
    assert.deepStrictEqual(yield* found(given, { search: "song", userId: user }), [kept.uploadId]);
    assert.deepStrictEqual(yield* found(given, { status: "deleted" }), [gone.uploadId]);
    assert.strictEqual((yield* views.upload(tenantId, gone.uploadId))?.status, "deleted");
  });

  test(
    "gives the conversions of some uploads, oldest first, and their analyses, newest first",
    function* (given) {
      const { views, tenantId, project } = given;
      const [one, two, three] = [receivedBy(tenantId), receivedBy(tenantId), receivedBy(tenantId)];
      const conversions = [conversionOf(two), conversionOf(one), conversionOf(three), conversionOf(one)];
      const analyses = [analysisOf(one), analysisOf(two), analysisOf(one)];
      yield* project([one, two, three, ...conversions, ...analyses]);

      const asked = [one.uploadId, two.uploadId];
      const [first, second, , last] = conversions;
      assert.deepStrictEqual(
        (yield* views.conversionsOf(tenantId, asked)).map(({ id }) => id),
        [first, second, last].map((conversion) => conversion?.conversionId ?? assert.fail()),
      );
      const found = (yield* views.analysesOf(tenantId, [...asked, three.uploadId])).map(({ id }) => id);
      assert.deepStrictEqual(found, analyses.map(({ analysisId }) => analysisId).reverse());
    },
  );

  test(
    "waits until every view has applied the log up to a position",
    function* ({ views, tenantId, project }) {
      const reached = yield* project([receivedBy(tenantId)]);
      yield* views.awaitPosition(reached);
      yield* views.awaitPosition(Position.make(0));
      const waiting = yield* Effect.forkChild(views.awaitPosition(Position.make(reached + 2)), {
        startImmediately: true,
      });
      yield* project([receivedBy(tenantId)]);
      yield* views.awaitPosition(Position.make(reached + 1));
      assert.isUndefined(waiting.pollUnsafe());
      yield* project([receivedBy(tenantId)]);
      yield* Fiber.join(waiting);
    },
  );

  test(
    "waits five seconds at most, and tells how far the views are",
    function* ({ views, tenantId, project }) {
      const reached = yield* project([receivedBy(tenantId)]);
      const position = Position.make(reached + 1);
      const [error, waited] = yield* hurried(
        Effect.flip(views.awaitPosition(position)).pipe(
          Effect.flatMap((error) => Effect.map(Clock.currentTimeMillis, (now) => [error, now] as const)),
        ),
        "50 millis",
      );
      assert.deepStrictEqual(
        error,
        new ViewsError({ reason: { _tag: "Behind", position, reached, isPaused: false } }),
      );
      assert.isAtLeast(waited, 5_000);
      assert.isAtMost(waited, 10_000);
    },
  );

  test(
    "is not held up by a view that no longer exists, but by one that does not exist yet",
    function* (given) {
      const { views, tenantId, project, sql } = given;
      const reached = yield* project([receivedBy(tenantId)]);
      const behind = new ViewsError({
        reason: { _tag: "Behind", position: reached, reached: Position.make(0), isPaused: false },
      });
      const changed = Effect.gen(function* () {
        yield* sql`
          INSERT INTO projections (name, version, slot, epoch) SELECT 'of_the_past', 1, 'live', epoch FROM log_head`;
        yield* hurried(views.awaitPosition(reached));
        yield* sql`DELETE FROM projections WHERE name = ${AnalysesProjection.name}`;
        assert.deepStrictEqual(yield* Effect.flip(hurried(views.awaitPosition(reached))), behind);
        return yield* Effect.fail("roll back");
      });
      assert.strictEqual<unknown>(yield* Effect.flip(sql.withTransaction(changed)), "roll back");
    },
  );
};
