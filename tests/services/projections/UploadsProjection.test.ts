import { assert, describe, it } from "@effect/vitest";
import type { DomainEvent } from "../../../domain/event/DomainEvent.ts";
import { type UploadRow, UploadsProjection } from "../../../services/projections/UploadsProjection.ts";
import { failure, media, newTenant, receivedBy, recorded, recordedAt, user } from "../../support/Fixtures.ts";
import { fold } from "../../support/Folding.ts";

const { types } = UploadsProjection;

const tenantId = newTenant();
const received = receivedBy(tenantId, { sessionId: "session-1", metadata: { mood: ["calm"] } });
const { uploadId } = received;
const deleted: DomainEvent = { _tag: "UploadDeleted", uploadId, userId: user };

/** The row after events at the positions 1, 2, 3 … */
const rowAfter = (...events: ReadonlyArray<DomainEvent>) =>
  fold(UploadsProjection, recorded(tenantId, events))[0] ?? null;

const fresh = {
  id: uploadId,
  tenantId,
  userId: user,
  sessionId: "session-1",
  filename: "song.mp3",
  foldedName: "SONG.MP3",
  contentType: "audio/mpeg",
  key: received.key,
  sizeBytes: 3,
  sha256: received.sha256,
  status: "received",
  rejection: null,
  media: null,
  metadata: { mood: ["calm"] },
  asksForConversion: false,
  asksForAnalysis: false,
  createdAt: recordedAt(1),
  updatedAt: recordedAt(1),
  position: 1,
};
const touched = { ...fresh, updatedAt: recordedAt(2), position: 2 };

const asObject = (row: UploadRow | null): object | null => row;

describe("The view of uploads", () => {
  it("shows a received upload", () => assert.deepStrictEqual(asObject(rowAfter(received)), fresh));

  it("knows what is to be made of it", () => {
    const asking = (process: typeof received.process) =>
      rowAfter({ ...received, process }) ?? assert.fail("There is no row");
    const outputs = [{ name: "small", format: "mp3" } as const];
    assert.isTrue(asking({ outputs, analysis: false }).asksForConversion);
    assert.isFalse(asking({ outputs, analysis: false }).asksForAnalysis);
    assert.isTrue(asking({ outputs: [], analysis: true }).asksForAnalysis);
  });

  it("shows what became of it, and since when", () => {
    assert.deepStrictEqual(asObject(rowAfter(received, { _tag: "UploadReady", uploadId, media })), {
      ...touched,
      status: "ready",
      media,
    });
    assert.deepStrictEqual(
      asObject(rowAfter(received, { _tag: "UploadRejected", uploadId, reason: failure })),
      {
        ...touched,
        status: "rejected",
        rejection: failure,
      },
    );
    assert.deepStrictEqual(asObject(rowAfter(received, deleted)), { ...touched, status: "deleted" });
  });

  it("keeps what was found out about an upload that is deleted later", () => {
    assert.deepStrictEqual(asObject(rowAfter(received, { _tag: "UploadReady", uploadId, media }, deleted)), {
      ...fresh,
      status: "deleted",
      media,
      updatedAt: recordedAt(3),
      position: 3,
    });
  });

  it("has no row for an upload of which it never heard", () => assert.isNull(rowAfter(deleted)));

  it("looks at the events of uploads only, even where others name one", () => {
    assert.sameMembers([...types], ["UploadReceived", "UploadReady", "UploadRejected", "UploadDeleted"]);
  });
});
