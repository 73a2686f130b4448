import { assert } from "@effect/vitest";
import { Effect } from "effect";
import type { DomainEvent } from "../../../domain/event/DomainEvent.ts";
import { Position } from "../../../domain/event/RecordedEvent.ts";
import {
  appendOf,
  conversionOf,
  encoder,
  media,
  receivedBy,
  renderedOf,
  user,
} from "../../support/Fixtures.ts";
import { type Projecting, projectingTests } from "../../support/Projecting.ts";

const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

projectingTests("A live view that meets a poison event", (test) => {
  /** What is parked of a projection, in positions counted from a head. */
  const parkedOf = ({ control }: Projecting, projection: string, head: number) =>
    Effect.map(
      control.parked({ projection, streamId: null, after: Position.make(0), limit: 100 }),
      (events) => events.map(({ position, attempts, error }) => [position - head, attempts, error !== null]),
    );

  /** Changes the stored fields of the event at a position; answers what puts them back. */
  const spoil = ({ sql }: Projecting, position: number, data: object) =>
    Effect.gen(function* () {
      const saved = `saved_${position}`;
      yield* sql.unsafe(`CREATE TABLE ${saved} AS SELECT data FROM events WHERE position = ${position}`);
      yield* sql`UPDATE events SET data = data || ${
        JSON.stringify(data)
      }::jsonb WHERE position = ${position}::bigint`;
      return sql.unsafe(`UPDATE events SET data = ${saved}.data FROM ${saved} WHERE position = ${position}`);
    });

  const headOf = ({ log }: Projecting) => log.head;

  test(
    "parks one that it cannot read with those behind it, goes on, and applies them once they are mended",
    function* (given) {
      const { tenantId, start, append, caughtUp, control, views, overviews } = given;
      const head = yield* headOf(given);
      const [spoiled, other] = [receivedBy(tenantId), receivedBy(tenantId)];
      const { uploadId } = spoiled;
      yield* append([spoiled, { _tag: "UploadReady", uploadId, media }], traceparent);
      const mend = yield* spoil(given, head + 1, { sizeBytes: "many" });
      const messages: Array<string> = [];
      yield* start({}, messages);
      yield* append([other]);
      yield* caughtUp;

      assert.isTrue(messages.some((message) => message.startsWith("Projection uploads parked an event")));
      const [first, second, ...none] = yield* control.parked({
        projection: "uploads",
        streamId: null,
        after: Position.make(0),
        limit: 100,
      });
      assert.isEmpty(none);
      assert.deepInclude<object | undefined>(first, {
        position: head + 1,
        type: "UploadReceived",
        tenantId,
        traceparent,
        attempts: 1,
      });
      assert.match(first?.error ?? "", /^Invalid, UploadReceived version 1 at position \d+: .*sizeBytes/s);
      assert.deepInclude<object | undefined>(second, {
        position: head + 2,
        type: "UploadReady",
        traceparent,
        error: null,
        attempts: 0,
      });
      assert.deepStrictEqual(yield* parkedOf(given, "throughput", head), [[1, 1, true]]);
      assert.deepStrictEqual(yield* parkedOf(given, "jobs", head), []);
      assert.deepInclude<object>(yield* control.status("uploads"), {
        status: "live",
        parked: 2,
        error: null,
      });
      assert.isNull(yield* views.upload(tenantId, uploadId));
      assert.strictEqual((yield* views.upload(tenantId, other.uploadId))?.status, "received");

      for (const attempts of [2, 3]) {
        const { applied, failed } = yield* control.retry("uploads", null);
        assert.deepStrictEqual<unknown>(
          [applied, failed.map(({ position, attempts }) => [position - head, attempts])],
          [0, [[1, attempts]]],
        );
        assert.include(failed[0]?.error ?? "", "Invalid, UploadReceived");
        assert.deepStrictEqual(yield* parkedOf(given, "uploads", head), [[1, attempts, true], [2, 0, false]]);
      }

      yield* mend;
      // What comes meanwhile to the stream waits behind as well.
      const deletion = appendOf(tenantId, `${tenantId}/0`, 2, [{
        _tag: "UploadDeleted",
        uploadId,
        userId: user,
      }]);
      yield* given.log.append(deletion);
      yield* caughtUp;
      assert.lengthOf(yield* parkedOf(given, "uploads", head), 3);
      assert.deepStrictEqual(yield* control.retry("uploads", null), { applied: 3, failed: [] });
      assert.deepInclude<object | null>(yield* views.upload(tenantId, uploadId), {
        status: "deleted",
        media,
        position: head + 4,
      });
      for (const projection of ["storage_usage", "throughput"]) {
        assert.deepStrictEqual((yield* control.retry(projection, null)).failed, []);
        assert.deepStrictEqual(yield* parkedOf(given, projection, head), []);
      }
      const [usage] = yield* overviews.storageUsage(tenantId, { userId: user, limit: 1 });
      assert.deepInclude<object | undefined>(usage, { uploads: 1, originalBytes: 3 });
      assert.strictEqual((yield* control.status("uploads")).parked, 0);
    },
  );

  test("parks one on which its fold throws", function* (given) {
    const { tenantId, start, append, caughtUp, control, overviews } = given;
    const head = yield* headOf(given);
    const upload = receivedBy(tenantId);
    const requested = conversionOf(upload);
    const outputs = [renderedOf(tenantId, requested)] as const;
    const { conversionId } = requested;
    yield* append([upload]);
    yield* append([{ _tag: "ConversionCompleted", conversionId, outputs, failed: [], encoder }]);
    // A key that may be stored, but that belongs to no upload.
    const mend = yield* spoil(given, head + 2, {
      outputs: [{ ...outputs[0], key: "not/the/key/of/an/upload" }],
    });
    yield* start();
    yield* append([receivedBy(tenantId)]);
    yield* caughtUp;
    assert.deepStrictEqual(yield* parkedOf(given, "storage_usage", head), [[2, 1, true]]);
    assert.deepStrictEqual(yield* parkedOf(given, "throughput", head), []);
    const { failed } = yield* control.retry("storage_usage", null);
    assert.deepStrictEqual(failed.map(({ attempts }) => attempts), [2]);
    assert.include(failed[0]?.error ?? "", "uploadId");
    yield* mend;
    assert.deepStrictEqual(yield* control.retry("storage_usage", null), { applied: 1, failed: [] });
    const [usage] = yield* overviews.storageUsage(tenantId, { userId: user, limit: 1 });
    assert.deepInclude<object | undefined>(usage, { uploads: 2, renditions: 1, renditionBytes: 490_000 });
  });

  test("parks one whose row its table refuses", function* (given) {
    const { tenantId, start, append, caughtUp, control, sql, views } = given;
    const head = yield* headOf(given);
    const [refused, other] = [receivedBy(tenantId, { filename: "refused.mp3" }), receivedBy(tenantId)];
    yield* start();
    yield* caughtUp;
    yield* sql`ALTER TABLE view_uploads_v3 ADD CONSTRAINT no_refused CHECK (filename <> 'refused.mp3')`;
    yield* append([refused]);
    yield* append([other]);
    yield* caughtUp;
    assert.deepStrictEqual(yield* parkedOf(given, "uploads", head), [[1, 1, true]]);
    const { failed: [failed] } = yield* control.retry("uploads", Position.make(head + 1));
    assert.strictEqual(failed?.attempts, 2);
    const [listed] = yield* control.parked({
      projection: "uploads",
      streamId: null,
      after: Position.make(0),
      limit: 1,
    });
    assert.include(listed?.error ?? "", "no_refused");
    assert.deepStrictEqual(failed?.error, listed?.error);
    yield* sql`ALTER TABLE view_uploads_v3 DROP CONSTRAINT no_refused`;
    assert.deepStrictEqual(yield* control.retry("uploads", null), { applied: 1, failed: [] });
    assert.strictEqual((yield* views.upload(tenantId, refused.uploadId))?.filename, "refused.mp3");
  });

  test("tries one stream again, or gives up on one event of it", function* (given) {
    const { tenantId, start, append, caughtUp, control, views } = given;
    const head = yield* headOf(given);
    const [one, two] = [receivedBy(tenantId), receivedBy(tenantId)];
    const ready = ({ uploadId }: typeof one): DomainEvent => ({ _tag: "UploadReady", uploadId, media });
    yield* append([one, ready(one)]);
    yield* append([two, ready(two)]);
    const mends = [
      yield* spoil(given, head + 1, { sizeBytes: -1 }),
      yield* spoil(given, head + 3, { sizeBytes: -1 }),
    ];
    yield* start();
    yield* caughtUp;
    yield* Effect.all(mends);
    // Named by the event that waits.
    assert.deepStrictEqual(yield* control.retry("uploads", Position.make(head + 4)), {
      applied: 2,
      failed: [],
    });
    assert.strictEqual((yield* views.upload(tenantId, two.uploadId))?.status, "ready");
    assert.isNull(yield* views.upload(tenantId, one.uploadId));
    assert.deepStrictEqual(yield* parkedOf(given, "uploads", head), [[1, 1, true], [2, 0, false]]);

    yield* control.skip("uploads", Position.make(head + 1));
    assert.deepStrictEqual(yield* parkedOf(given, "uploads", head), [[2, 0, false]]);
    assert.deepStrictEqual(yield* control.retry("uploads", null), { applied: 1, failed: [] });
    assert.isNull(yield* views.upload(tenantId, one.uploadId), "what was skipped is not applied");
    for (const projection of ["storage_usage", "throughput"]) {
      assert.deepStrictEqual(
        yield* control.retry(projection, null),
        { applied: 2, failed: [] },
        "both streams",
      );
    }
  });

  test("tells what is not parked, and what is no projection", function* ({ control, start, caughtUp, log }) {
    yield* start();
    yield* caughtUp;
    const beyond = Position.make((yield* log.head) + 1);
    const refusals = [
      control.retry("uploads", beyond),
      control.retry("uploads", Position.make(0)),
      control.skip("uploads", beyond),
      control.retry("downloads", null),
      control.skip("downloads", beyond),
      control.status("downloads"),
      control.build("downloads", "rebuild"),
      control.pause("downloads", true),
    ];
    for (const refusal of refusals) {
      const error = yield* Effect.flip(Effect.asVoid(refusal));
      assert.strictEqual(error.code, "NOT_FOUND");
      assert.include(
        error.message,
        error.message.includes("downloads") ? "there are uploads" : "no parked event",
      );
    }
    assert.deepStrictEqual(yield* control.retry("uploads", null), { applied: 0, failed: [] });
  });
});
