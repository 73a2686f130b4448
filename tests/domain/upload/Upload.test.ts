import { describe, it } from "@effect/vitest";
import { Upload, type UploadCommand, UploadError } from "../../../domain/upload/Upload.ts";
import { given } from "../../support/DeciderSpecification.ts";
import { golden } from "../../support/Golden.ts";

const received = golden("UploadReceived");
const ready = golden("UploadReady");
const rejected = golden("UploadRejected");
const deleted = golden("UploadDeleted");
const { uploadId } = received;

const refused = (reason: UploadError["reason"]) => new UploadError({ reason, uploadId });

describe("ReceiveUpload", () => {
  const command: UploadCommand = { _tag: "ReceiveUpload", received };

  it("records what came in", () => given(Upload, []).when(command).thenEvents([received]));

  it.each([
    ["received", [received]],
    ["ready", [received, ready]],
    ["rejected", [received, rejected]],
    ["deleted", [received, deleted]],
  ])(
    "is refused when the id belongs to an upload that is %s",
    (_, history) => given(Upload, history).when(command).thenError(refused("AlreadyExists")),
  );
});

describe("MarkUploadReady", () => {
  const command: UploadCommand = { _tag: "MarkUploadReady", uploadId, media: ready.media };

  it("records what probing found in a received upload", () =>
    given(Upload, [received]).when(command).thenEvents([ready]));

  it.each([
    ["ready", [received, ready]],
    ["rejected", [received, rejected]],
    ["deleted", [received, deleted]],
    ["deleted after it was ready", [received, ready, deleted]],
  ])(
    "does nothing once the upload is %s",
    (_, history) => given(Upload, history).when(command).thenNothing(),
  );

  it("is refused for an unknown upload", () =>
    given(Upload, []).when(command).thenError(refused("NotFound")));
});

describe("RejectUpload", () => {
  const command: UploadCommand = { _tag: "RejectUpload", uploadId, reason: rejected.reason };

  it("records why a received upload cannot be used", () =>
    given(Upload, [received]).when(command).thenEvents([rejected]));

  it.each([
    ["ready", [received, ready]],
    ["rejected", [received, rejected]],
    ["deleted", [received, deleted]],
  ])(
    "does nothing once the upload is %s",
    (_, history) => given(Upload, history).when(command).thenNothing(),
  );

  it("is refused for an unknown upload", () =>
    given(Upload, []).when(command).thenError(refused("NotFound")));
});

describe("DeleteUpload", () => {
  const command: UploadCommand = { _tag: "DeleteUpload", uploadId };

  it.each([
    ["received", [received]],
    ["ready", [received, ready]],
    ["rejected", [received, rejected]],
  ])(
    "deletes an upload that is %s, in the name of its user",
    (_, history) => given(Upload, history).when(command).thenEvents([deleted]),
  );

  it("does nothing when the upload is already deleted", () =>
    given(Upload, [received, deleted]).when(command).thenNothing());

  it("is refused for an unknown upload", () =>
    given(Upload, []).when(command).thenError(refused("NotFound")));
});

describe("a history without its beginning", () => {
  it.each([ready, rejected, deleted])(
    "is no upload: $_tag alone",
    (event) => given(Upload, [event]).when({ _tag: "DeleteUpload", uploadId }).thenError(refused("NotFound")),
  );
});
