import { Schema } from "effect";
import { ownerOf } from "../../domain/BlobKey.ts";
import { Position, type RecordedEvent } from "../../domain/event/RecordedEvent.ts";
import { TenantId, UploadId, UserId } from "../../domain/Id.ts";
import type { Projection, RowChanges } from "./Projection.ts";

/** What one upload holds in storage, or, where `uploadId` is `null`, all uploads of one user. */
export const StorageUsageRow = Schema.Struct({
  id: Schema.String,
  tenantId: TenantId,
  userId: UserId,
  uploadId: Schema.NullOr(UploadId),
  uploads: Schema.Int,
  originalBytes: Schema.Int,
  renditions: Schema.Int,
  renditionBytes: Schema.Int,
  position: Position,
});
export type StorageUsageRow = typeof StorageUsageRow.Type;

const { uploads, originalBytes, renditions, renditionBytes } = StorageUsageRow.fields;

/** What counts in storage. */
export const Amounts = Schema.Struct({ uploads, originalBytes, renditions, renditionBytes });
export type Amounts = typeof Amounts.Type;

const nothing: Amounts = { uploads: 0, originalBytes: 0, renditions: 0, renditionBytes: 0 };

/** Amounts with others added to them, or taken from them. */
const sum = (one: Amounts, other: Amounts, sign: 1 | -1): Amounts => ({
  uploads: one.uploads + sign * other.uploads,
  originalBytes: one.originalBytes + sign * other.originalBytes,
  renditions: one.renditions + sign * other.renditions,
  renditionBytes: one.renditionBytes + sign * other.renditionBytes,
});

/** Whose storage an event is about. */
const ownerIn = ({ event, tenantId }: RecordedEvent) =>
  event._tag === "UploadReceived" || event._tag === "UploadDeleted"
    ? { tenantId, userId: event.userId, uploadId: event.uploadId }
    : event._tag === "ConversionCompleted"
    ? ownerOf(event.outputs[0].key)
    : null;

type Owner = NonNullable<ReturnType<typeof ownerIn>>;

const userKey = ({ tenantId, userId }: Owner): string => `${tenantId}/${userId}`;

const evolve = (
  rows: ReadonlyMap<string, StorageUsageRow>,
  recorded: RecordedEvent,
): RowChanges<StorageUsageRow> => {
  const { event, position } = recorded;
  const owner = ownerIn(recorded);
  if (owner === null) return new Map();
  const { tenantId, userId, uploadId } = owner;
  const upload = rows.get(uploadId);
  const user: StorageUsageRow = rows.get(userKey(owner)) ??
    { id: userKey(owner), tenantId, userId, uploadId: null, ...nothing, position };
  const withUser = (amounts: Amounts, sign: 1 | -1) =>
    [user.id, { ...user, ...sum(user, amounts, sign), position }] as const;
  switch (event._tag) {
    case "UploadReceived": {
      const amounts = { ...nothing, uploads: 1, originalBytes: event.sizeBytes };
      return new Map([
        [uploadId, { id: uploadId, tenantId, userId, uploadId, ...amounts, position }],
        withUser(amounts, 1),
      ]);
    }
    case "ConversionCompleted": {
      // The outputs of an upload that is gone are removed again by the worker that made them.
      if (upload === undefined) return new Map();
      const amounts = {
        ...nothing,
        renditions: event.outputs.length,
        renditionBytes: event.outputs.reduce((bytes, { sizeBytes }) => bytes + sizeBytes, 0),
      };
      return new Map([
        [uploadId, { ...upload, ...sum(upload, amounts, 1), position }],
        withUser(amounts, 1),
      ]);
    }
    case "UploadDeleted":
      return upload === undefined ? new Map() : new Map([[uploadId, null], withUser(upload, -1)]);
    default:
      return new Map();
  }
};

/** Stored bytes of originals and renditions: one row an upload, and one for each user's sum. What is deleted counts no more. */
export const StorageUsageProjection: Projection<StorageUsageRow> = {
  name: "storage_usage",
  version: 1,
  row: StorageUsageRow,
  columns: {
    id: "text PRIMARY KEY",
    tenantId: "text NOT NULL",
    userId: "text NOT NULL",
    uploadId: "text",
    uploads: "bigint NOT NULL",
    originalBytes: "bigint NOT NULL",
    renditions: "bigint NOT NULL",
    renditionBytes: "bigint NOT NULL",
    position: "bigint NOT NULL",
  },
  indexes: ["tenant_id, upload_id, user_id"],
  types: ["UploadReceived", "UploadDeleted", "ConversionCompleted"],
  keysOf: (event) => {
    const owner = ownerIn(event);
    return owner === null ? [] : [owner.uploadId, userKey(owner)];
  },
  evolve,
};
