/**
 * An upload: audio that a client has handed over. It is received, then found ready or rejected, and may be deleted.
 */
import { Result, Schema } from "effect";
import { BlobKey } from "../BlobKey.ts";
import type { Decider } from "../Decider.ts";
import { Failure } from "../ErrorCode.ts";
import { UploadId, UserId } from "../Id.ts";
import { MediaFacts } from "../media/MediaFacts.ts";
import { OutputSpec } from "../media/OutputSpec.ts";

// --- Events. Type names and field names are the storage format: never rename them, add versions instead. ---

/** What the client asked to be done with the upload once it is ready. */
export const Process = Schema.Struct({ outputs: Schema.Array(OutputSpec), analysis: Schema.Boolean });
export type Process = typeof Process.Type;

/** The most bytes that a client's metadata may take as JSON. */
export const maxMetadataBytes = 16_384;

export const UploadReceived = Schema.TaggedStruct("UploadReceived", {
  uploadId: UploadId,
  userId: UserId,
  sessionId: Schema.NullOr(Schema.String),
  filename: Schema.String,
  contentType: Schema.NullOr(Schema.String),
  key: BlobKey,
  sizeBytes: Schema.Int.check(Schema.isGreaterThan(0)),
  sha256: Schema.String.check(Schema.isPattern(/^[0-9a-f]{64}$/)),
  process: Process,
  metadata: Schema.Record(Schema.String, Schema.Json),
});
export const UploadReady = Schema.TaggedStruct("UploadReady", { uploadId: UploadId, media: MediaFacts });
export const UploadRejected = Schema.TaggedStruct("UploadRejected", { uploadId: UploadId, reason: Failure });
export const UploadDeleted = Schema.TaggedStruct("UploadDeleted", { uploadId: UploadId, userId: UserId });

export const UploadEvent = Schema.Union([UploadReceived, UploadReady, UploadRejected, UploadDeleted]);
export type UploadEvent = typeof UploadEvent.Type;

// --- State ---

/** A known upload: what came in, and what became of it. */
export interface Upload {
  readonly status: "received" | "ready" | "rejected" | "deleted";
  readonly received: typeof UploadReceived.Type;
  readonly media: MediaFacts | null;
}

/** `null` before anything has happened. */
export type UploadState = Upload | null;

// --- evolve ---

const evolve = (state: UploadState, event: UploadEvent): UploadState => {
  if (event._tag === "UploadReceived") return { status: "received", received: event, media: null };
  if (state === null) return null;
  switch (event._tag) {
    case "UploadReady":
      return { ...state, status: "ready", media: event.media };
    case "UploadRejected":
      return { ...state, status: "rejected" };
    case "UploadDeleted":
      return { ...state, status: "deleted" };
  }
};

// --- Commands ---

export const UploadCommand = Schema.Union([
  Schema.TaggedStruct("ReceiveUpload", { received: UploadReceived }),
  Schema.TaggedStruct("MarkUploadReady", { uploadId: UploadId, media: MediaFacts }),
  Schema.TaggedStruct("RejectUpload", { uploadId: UploadId, reason: Failure }),
  Schema.TaggedStruct("DeleteUpload", { uploadId: UploadId }),
]);
export type UploadCommand = typeof UploadCommand.Type;

// --- Errors ---

/** Why a command was refused: there is no such upload, or the id is taken. */
export class UploadError extends Schema.TaggedError<UploadError>()("UploadError", {
  reason: Schema.Literals(["NotFound", "AlreadyExists"]),
  uploadId: UploadId,
}) {}

// --- decide ---

const decide = (
  state: UploadState,
  command: UploadCommand,
): Result.Result<ReadonlyArray<UploadEvent>, UploadError> => {
  if (command._tag === "ReceiveUpload") {
    const { received } = command;
    return state === null
      ? Result.succeed([received])
      : Result.fail(new UploadError({ reason: "AlreadyExists", uploadId: received.uploadId }));
  }
  const { uploadId } = command;
  if (state === null) return Result.fail(new UploadError({ reason: "NotFound", uploadId }));
  switch (command._tag) {
    case "MarkUploadReady":
      return Result.succeed(
        state.status === "received" ? [UploadReady.make({ uploadId, media: command.media })] : [],
      );
    case "RejectUpload":
      return Result.succeed(
        state.status === "received" ? [UploadRejected.make({ uploadId, reason: command.reason })] : [],
      );
    case "DeleteUpload":
      return Result.succeed(
        state.status === "deleted" ? [] : [UploadDeleted.make({ uploadId, userId: state.received.userId })],
      );
  }
};

/** The decider of uploads. */
export const Upload: Decider<UploadState, UploadEvent, UploadCommand, UploadError> = {
  initial: null,
  evolve,
  decide,
};
