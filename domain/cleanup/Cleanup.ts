/**
 * A cleanup: the removal of every stored object of a deleted upload. It is queued, runs in attempts, and is completed or
 * failed; a failed one can be asked for again.
 */
import { Result, Schema } from "effect";
import type { Decider } from "../Decider.ts";
import { Failure } from "../ErrorCode.ts";
import { CleanupId, UploadId, UserId } from "../Id.ts";
import * as Job from "../Job.ts";

// --- Events. Type names and field names are the storage format: never rename them, add versions instead. ---

export const CleanupRequested = Schema.TaggedStruct("CleanupRequested", {
  cleanupId: CleanupId,
  uploadId: UploadId,
  userId: UserId,
  prefix: Schema.String,
});
export const CleanupStarted = Schema.TaggedStruct("CleanupStarted", {
  cleanupId: CleanupId,
  attempt: Job.Attempt,
});
export const CleanupCompleted = Schema.TaggedStruct("CleanupCompleted", {
  cleanupId: CleanupId,
  objects: Schema.Int,
  bytes: Schema.Int,
});
export const CleanupFailed = Schema.TaggedStruct("CleanupFailed", { cleanupId: CleanupId, reason: Failure });
export const CleanupRetried = Schema.TaggedStruct("CleanupRetried", { cleanupId: CleanupId });

export const CleanupEvent = Schema.Union([
  CleanupRequested,
  CleanupStarted,
  CleanupCompleted,
  CleanupFailed,
  CleanupRetried,
]);
export type CleanupEvent = typeof CleanupEvent.Type;

// --- State ---

/** A known cleanup: what is removed and how far it is. */
export interface Cleanup {
  readonly requested: typeof CleanupRequested.Type;
  readonly job: Job.Job;
}

/** `null` before anything has happened. */
export type CleanupState = Cleanup | null;

// --- evolve ---

const evolve = (state: CleanupState, event: CleanupEvent): CleanupState => {
  if (event._tag === "CleanupRequested") return { requested: event, job: Job.queued };
  if (state === null) return null;
  switch (event._tag) {
    case "CleanupStarted":
      return { ...state, job: Job.started(state.job, event.attempt) };
    case "CleanupCompleted":
      return { ...state, job: Job.finished(state.job, "completed") };
    case "CleanupFailed":
      return { ...state, job: Job.finished(state.job, "failed") };
    case "CleanupRetried":
      return { ...state, job: Job.requeued(state.job) };
  }
};

// --- Commands ---

const { cleanupId, objects, bytes } = CleanupCompleted.fields;

export const CleanupCommand = Schema.Union([
  Schema.TaggedStruct("RequestCleanup", { requested: CleanupRequested }),
  Schema.TaggedStruct("StartCleanup", { cleanupId }),
  Schema.TaggedStruct("CompleteCleanup", { cleanupId, objects, bytes }),
  Schema.TaggedStruct("FailCleanup", { cleanupId, attempt: Job.Attempt, reason: Failure }),
  Schema.TaggedStruct("RetryCleanup", { cleanupId }),
]);
export type CleanupCommand = typeof CleanupCommand.Type;

// --- Errors ---

/** Why a command was refused: there is no such cleanup, the id is taken, or it has not failed. */
export class CleanupError extends Schema.TaggedError<CleanupError>()("CleanupError", {
  reason: Schema.Literals(["NotFound", "AlreadyExists", "NotFailed"]),
  cleanupId: CleanupId,
}) {}

// --- decide ---

const decide = (
  state: CleanupState,
  command: CleanupCommand,
): Result.Result<ReadonlyArray<CleanupEvent>, CleanupError> => {
  if (command._tag === "RequestCleanup") {
    const { requested } = command;
    return state === null
      ? Result.succeed([requested])
      : Result.fail(new CleanupError({ reason: "AlreadyExists", cleanupId: requested.cleanupId }));
  }
  const { cleanupId } = command;
  const refuse = (reason: CleanupError["reason"]) => Result.fail(new CleanupError({ reason, cleanupId }));
  if (state === null) return refuse("NotFound");
  const { job } = state;
  switch (command._tag) {
    case "StartCleanup":
      return Result.succeed(start(cleanupId, job));
    case "CompleteCleanup": {
      const { objects, bytes } = command;
      return Result.succeed(
        job.status === "running" ? [CleanupCompleted.make({ cleanupId, objects, bytes })] : [],
      );
    }
    case "FailCleanup":
      return Result.succeed(
        Job.isCurrent(job, command.attempt)
          ? [CleanupFailed.make({ cleanupId, reason: command.reason })]
          : [],
      );
    case "RetryCleanup":
      return job.status === "failed"
        ? Result.succeed([CleanupRetried.make({ cleanupId })])
        : refuse("NotFailed");
  }
};

const start = (cleanupId: CleanupId, job: Job.Job): ReadonlyArray<CleanupEvent> => {
  switch (Job.pickUp(job)) {
    case "start":
      return [CleanupStarted.make({ cleanupId, attempt: job.attempt + 1 })];
    case "exhausted":
      return [CleanupFailed.make({ cleanupId, reason: Job.exhausted(job, "cleanup") })];
    case "ignore":
      return [];
  }
};

/** The decider of cleanups. */
export const Cleanup: Decider<CleanupState, CleanupEvent, CleanupCommand, CleanupError> = {
  initial: null,
  evolve,
  decide,
};
