import { Schema } from "effect";
import { Failure } from "../../domain/ErrorCode.ts";
import { Position, type RecordedEvent } from "../../domain/event/RecordedEvent.ts";
import { TenantId, UploadId, UserId } from "../../domain/Id.ts";
import { JobStatus } from "../../domain/Job.ts";

/** The columns that every view of background work has. */
export const jobFields = {
  tenantId: TenantId,
  userId: UserId,
  uploadId: UploadId,
  status: JobStatus,
  progress: Schema.Finite,
  attempt: Schema.Int,
  error: Schema.NullOr(Failure),
  queuedAt: Schema.DateFromString,
  startedAt: Schema.NullOr(Schema.DateFromString),
  finishedAt: Schema.NullOr(Schema.DateFromString),
  position: Position,
} as const;

const Job = Schema.Struct(jobFields);
type Job = typeof Job.Type;

/** The SQL types of the columns of `jobFields`. */
export const jobColumns: { readonly [Field in keyof Job]: string } = {
  tenantId: "text NOT NULL",
  userId: "text NOT NULL",
  uploadId: "text NOT NULL",
  status: "text NOT NULL",
  progress: "double precision NOT NULL",
  attempt: "integer NOT NULL",
  error: "jsonb",
  queuedAt: "timestamptz NOT NULL",
  startedAt: "timestamptz",
  finishedAt: "timestamptz",
  position: "bigint NOT NULL",
};

/** The fields of a job that has just been asked for. */
export const queued = (
  { tenantId, recordedAt, position }: RecordedEvent,
  { uploadId, userId }: Pick<Job, "uploadId" | "userId">,
): Job => ({
  tenantId,
  userId,
  uploadId,
  status: "queued",
  progress: 0,
  attempt: 0,
  error: null,
  queuedAt: recordedAt,
  startedAt: null,
  finishedAt: null,
  position,
});

/** The row, running an attempt from the beginning. */
export const started = <Row extends Job>(
  row: Row,
  { recordedAt, position }: RecordedEvent,
  attempt: number,
) => ({
  ...row,
  status: "running" as const,
  attempt,
  progress: 0,
  startedAt: recordedAt,
  position,
});

/** The row, further on in its attempt. */
export const progressed = <Row extends Job>(row: Row, { position }: RecordedEvent, progress: number) => ({
  ...row,
  progress,
  position,
});

/** The row, over. */
export const finished = <Row extends Job>(
  row: Row,
  { recordedAt, position }: RecordedEvent,
  status: "completed" | "failed" | "cancelled",
  error: Failure | null = null,
) => ({
  ...row,
  status,
  progress: status === "completed" ? 1 : row.progress,
  error,
  finishedAt: recordedAt,
  position,
});

/** The row, asked for once more. */
export const requeued = <Row extends Job>(row: Row, { recordedAt, position }: RecordedEvent) => ({
  ...row,
  status: "queued" as const,
  progress: 0,
  error: null,
  queuedAt: recordedAt,
  startedAt: null,
  finishedAt: null,
  position,
});
