import { Schema } from "effect";
import { BlobKey } from "../../domain/BlobKey.ts";
import { Failure } from "../../domain/ErrorCode.ts";
import { Position, type RecordedEvent } from "../../domain/event/RecordedEvent.ts";
import { TenantId, UploadId, UserId } from "../../domain/Id.ts";
import { MediaFacts } from "../../domain/media/MediaFacts.ts";
import { foldCase } from "../../domain/upload/CaseFolding.ts";
import { UploadEvent } from "../../domain/upload/Upload.ts";
import { type Projection, rowByRow, typesOf } from "./Projection.ts";

/** One upload as it is shown. */
export const UploadRow = Schema.Struct({
  id: UploadId,
  tenantId: TenantId,
  userId: UserId,
  sessionId: Schema.NullOr(Schema.String),
  filename: Schema.String,
  /** The file name, folded by `foldCase`: what is searched. */
  foldedName: Schema.String,
  contentType: Schema.NullOr(Schema.String),
  key: BlobKey,
  sizeBytes: Schema.Int,
  sha256: Schema.String,
  status: Schema.Literals(["received", "ready", "rejected", "deleted"]),
  rejection: Schema.NullOr(Failure),
  media: Schema.NullOr(MediaFacts),
  metadata: Schema.Record(Schema.String, Schema.Json),
  /** Whether a conversion, and an analysis, are to be requested once it is ready. */
  asksForConversion: Schema.Boolean,
  asksForAnalysis: Schema.Boolean,
  createdAt: Schema.DateFromString,
  updatedAt: Schema.DateFromString,
  position: Position,
});
export type UploadRow = typeof UploadRow.Type;

const next = (row: UploadRow | null, recorded: RecordedEvent): UploadRow | null => {
  const { event, recordedAt, position, tenantId } = recorded;
  if (event._tag === "UploadReceived") {
    const { _tag, uploadId, process, ...received } = event;
    return {
      ...received,
      id: uploadId,
      foldedName: foldCase(event.filename),
      tenantId,
      status: "received",
      rejection: null,
      media: null,
      asksForConversion: process.outputs.length > 0,
      asksForAnalysis: process.analysis,
      createdAt: recordedAt,
      updatedAt: recordedAt,
      position,
    };
  }
  if (row === null) return null;
  const touched = { ...row, updatedAt: recordedAt, position };
  switch (event._tag) {
    case "UploadReady":
      return { ...touched, status: "ready", media: event.media };
    case "UploadRejected":
      return { ...touched, status: "rejected", rejection: event.reason };
    case "UploadDeleted":
      return { ...touched, status: "deleted" };
    default:
      return row;
  }
};

/** Uploads, one row each. */
export const UploadsProjection: Projection<UploadRow> = {
  name: "uploads",
  version: 3,
  row: UploadRow,
  columns: {
    id: "text PRIMARY KEY",
    tenantId: "text NOT NULL",
    userId: "text NOT NULL",
    sessionId: "text",
    filename: "text NOT NULL",
    foldedName: "text NOT NULL",
    contentType: "text",
    key: "text NOT NULL",
    sizeBytes: "bigint NOT NULL",
    sha256: "text NOT NULL",
    status: "text NOT NULL",
    rejection: "jsonb",
    media: "jsonb",
    metadata: "jsonb NOT NULL",
    asksForConversion: "boolean NOT NULL",
    asksForAnalysis: "boolean NOT NULL",
    createdAt: "timestamptz NOT NULL",
    updatedAt: "timestamptz NOT NULL",
    position: "bigint NOT NULL",
  },
  indexes: ["tenant_id, id", "tenant_id, user_id, id"],
  types: typesOf(UploadEvent),
  ...rowByRow({ keyOf: ({ event }) => "uploadId" in event ? event.uploadId : null, next }),
};
