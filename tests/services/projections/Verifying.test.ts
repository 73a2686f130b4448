import { assert } from "@effect/vitest";
import { Effect, Fiber } from "effect";
import type { DomainEvent } from "../../../domain/event/DomainEvent.ts";
import { projectionNames } from "../../../services/projections/Projections.ts";
import { analysisOf, conversionOf, media, newId, receivedBy, user } from "../../support/Fixtures.ts";
import { type Projecting, projectingTests } from "../../support/Projecting.ts";

projectingTests("A verification", (test) => {
  const history = ({ tenantId }: Projecting): ReadonlyArray<DomainEvent> => {
    const [kept, upload] = [receivedBy(tenantId), receivedBy(tenantId)];
    const { uploadId } = upload;
    return [
      kept,
      upload,
      { _tag: "UploadReady", uploadId, media },
      conversionOf(upload),
      analysisOf(upload),
      { _tag: "UploadDeleted", uploadId, userId: user },
    ];
  };

  /** Verifies some views; answers what was found in each. */
  const verified = ({ control, when }: Projecting, ...names: ReadonlyArray<string>) =>
    Effect.gen(function* () {
      const before = yield* Effect.forEach(names, control.status);
      yield* Effect.forEach(names, (name) => control.build(name, "verify"));
      return yield* Effect.forEach(before, ({ name, verification }) =>
        Effect.map(
          when(name, (status) =>
            status.verify === null && status.verification !== null &&
            status.verification.finishedAt.getTime() !== verification?.finishedAt.getTime()),
          ({ verification }) => verification ?? assert.fail(),
        ));
    });

  test("finds nothing in honest views, also while they move on", function* (given) {
    const { log, start, append, caughtUp, views } = given;
    for (let round = 0; round < 5; round++) yield* append(history(given));
    yield* start();
    yield* caughtUp;
    const before = yield* log.head;
    let isOver = false;
    const appending = yield* Effect.forkChild(Effect.gen(function* () {
      while (!isOver) yield* views.awaitPosition(yield* append(history(given)));
    }));
    for (const { position, rows, differences, sample } of yield* verified(given, ...projectionNames)) {
      assert.deepStrictEqual([differences, sample], [0, []]);
      assert.isAtLeast(position, before);
      assert.isAbove(rows, 0);
    }
    isOver = true;
    yield* Fiber.join(appending);
  });

  test("finds nothing in a view that is paused far behind the log", function* (given) {
    const { log, start, append, caughtUp, control } = given;
    yield* append(history(given));
    yield* start();
    yield* caughtUp;
    yield* control.pause("uploads", true);
    const position = yield* log.head;
    for (let round = 0; round < 5; round++) yield* append(history(given));
    const [found] = yield* verified(given, "uploads");
    assert.deepInclude<object | undefined>(found, { position, differences: 0 });
    yield* control.pause("uploads", false);
    yield* caughtUp;
  });

  test(
    "names the rows that somebody has tampered with, and their fields, and changes nothing",
    function* (given) {
      const { tenantId, start, append, caughtUp, sql, views } = given;
      const [renamed, lost] = [receivedBy(tenantId), receivedBy(tenantId)];
      yield* append([renamed]);
      yield* append([lost]);
      yield* start();
      yield* caughtUp;
      const foreign = newId("upl");
      yield* sql`UPDATE view_uploads_v3 SET filename = 'other.mp3', size_bytes = 4 WHERE id = ${renamed.uploadId}`;
      yield* sql`UPDATE view_uploads_v3 SET id = ${foreign} WHERE id = ${lost.uploadId}`;
      const [found] = yield* verified(given, "uploads");
      assert.strictEqual(found?.differences, 3);
      assert.sameDeepMembers<object>([...found?.sample ?? []], [
        { id: renamed.uploadId, kind: "different", fields: ["filename", "sizeBytes"] },
        { id: lost.uploadId, kind: "missing", fields: [] },
        { id: foreign, kind: "unexpected", fields: [] },
      ]);
      assert.strictEqual((yield* views.upload(tenantId, renamed.uploadId))?.filename, "other.mp3");

      yield* sql`UPDATE view_uploads_v3 SET id = ${lost.uploadId} WHERE id = ${foreign}`;
      yield* sql`UPDATE view_uploads_v3 SET filename = ${renamed.filename}, size_bytes = 3 WHERE id = ${renamed.uploadId}`;
      assert.strictEqual((yield* verified(given, "uploads"))[0]?.differences, 0);
    },
  );

  test("is strict: it ends as failed at an event that the live view has parked", function* (given) {
    const { log, start, append, caughtUp, control, sql, when, tenantId } = given;
    const head = yield* log.head;
    yield* append([receivedBy(tenantId)]);
    yield* sql`UPDATE events SET data = jsonb_set(data, '{sizeBytes}', '-1') WHERE position = ${
      head + 1
    }::bigint`;
    yield* start();
    yield* caughtUp;
    yield* control.build("uploads", "verify");
    const { verify, status } = yield* when("uploads", ({ verify }) => verify?.status === "failed");
    assert.include(verify?.error ?? "", `position ${head + 1} cannot be applied`);
    assert.strictEqual(status, "live");

    yield* sql`UPDATE events SET data = jsonb_set(data, '{sizeBytes}', '3') WHERE position = ${
      head + 1
    }::bigint`;
    const [found] = yield* verified(given, "uploads");
    assert.deepStrictEqual<unknown>(found?.sample.map(({ kind }) => kind), ["missing"], "it is still parked");
    for (const name of ["uploads", "storage_usage", "throughput"]) yield* control.retry(name, null);
    assert.strictEqual((yield* verified(given, "uploads"))[0]?.differences, 0);
  });
});
