/**
 * An analysis: the measurements of one upload. It is queued, runs in attempts (an attempt given back at a shutdown does not count), and is completed, failed or cancelled.
 */
import { Result, Schema } from "effect";
import { BlobKey } from "../BlobKey.ts";
import type { Decider } from "../Decider.ts";
import { Failure } from "../ErrorCode.ts";
import { AnalysisId, UploadId, UserId } from "../Id.ts";
import * as Job from "../Job.ts";
import { MediaFacts } from "../media/MediaFacts.ts";
import { AnalysisParts } from "./AnalysisPart.ts";
import { AnalysisReport } from "./AnalysisReport.ts";

// --- Events. Type names and field names are the storage format: never rename them, add versions instead. ---

export const AnalysisRequested = Schema.TaggedStruct("AnalysisRequested", {
  analysisId: AnalysisId,
  uploadId: UploadId,
  userId: UserId,
  source: Schema.Struct({ key: BlobKey, media: MediaFacts }),
  /** What is to be measured again, the rest being taken over from the analysis before; all of it unless given. */
  parts: Schema.optionalKey(AnalysisParts),
});
export const AnalysisStarted = Schema.TaggedStruct("AnalysisStarted", {
  analysisId: AnalysisId,
  attempt: Job.Attempt,
});
export const AnalysisProgressed = Schema.TaggedStruct("AnalysisProgressed", {
  analysisId: AnalysisId,
  attempt: Job.Attempt,
  progress: Job.Progress,
});
export const AnalysisCompleted = Schema.TaggedStruct("AnalysisCompleted", {
  analysisId: AnalysisId,
  report: AnalysisReport,
});
export const AnalysisFailed = Schema.TaggedStruct("AnalysisFailed", {
  analysisId: AnalysisId,
  reason: Failure,
});
export const AnalysisCancelled = Schema.TaggedStruct("AnalysisCancelled", { analysisId: AnalysisId });
export const AnalysisReleased = Schema.TaggedStruct("AnalysisReleased", {
  analysisId: AnalysisId,
  attempt: Job.Attempt,
});

export const AnalysisEvent = Schema.Union([
  AnalysisRequested,
  AnalysisStarted,
  AnalysisProgressed,
  AnalysisCompleted,
  AnalysisFailed,
  AnalysisCancelled,
  AnalysisReleased,
]);
export type AnalysisEvent = typeof AnalysisEvent.Type;

// --- State ---

/** A known analysis: what is measured and how far it is. */
export interface Analysis {
  readonly requested: typeof AnalysisRequested.Type;
  readonly job: Job.Job;
}

/** `null` before anything has happened. */
export type AnalysisState = Analysis | null;

// --- evolve ---

const evolve = (state: AnalysisState, event: AnalysisEvent): AnalysisState => {
  if (event._tag === "AnalysisRequested") return { requested: event, job: Job.queued };
  if (state === null) return null;
  switch (event._tag) {
    case "AnalysisStarted":
      return { ...state, job: Job.started(state.job, event.attempt) };
    case "AnalysisProgressed":
      return { ...state, job: { ...state.job, progress: event.progress } };
    case "AnalysisCompleted":
      return { ...state, job: Job.finished(state.job, "completed") };
    case "AnalysisFailed":
      return { ...state, job: Job.finished(state.job, "failed") };
    case "AnalysisCancelled":
      return { ...state, job: Job.finished(state.job, "cancelled") };
    case "AnalysisReleased":
      return { ...state, job: Job.released(state.job) };
  }
};

// --- Commands ---

const { analysisId, attempt, progress } = AnalysisProgressed.fields;

export const AnalysisCommand = Schema.Union([
  Schema.TaggedStruct("RequestAnalysis", { requested: AnalysisRequested }),
  Schema.TaggedStruct("StartAnalysis", { analysisId }),
  Schema.TaggedStruct("ReportAnalysisProgress", { analysisId, attempt, progress }),
  Schema.TaggedStruct("CompleteAnalysis", { analysisId, report: AnalysisReport }),
  Schema.TaggedStruct("FailAnalysis", { analysisId, attempt, reason: Failure }),
  Schema.TaggedStruct("CancelAnalysis", { analysisId }),
  Schema.TaggedStruct("ReleaseAnalysis", { analysisId, attempt }),
]);
export type AnalysisCommand = typeof AnalysisCommand.Type;

// --- Errors ---

/** Why a command was refused: there is no such analysis, the id is taken, or it is over already. */
export class AnalysisError extends Schema.TaggedError<AnalysisError>()("AnalysisError", {
  reason: Schema.Literals(["NotFound", "AlreadyExists", "AlreadyFinished"]),
  analysisId: AnalysisId,
}) {}

// --- decide ---

const decide = (
  state: AnalysisState,
  command: AnalysisCommand,
): Result.Result<ReadonlyArray<AnalysisEvent>, AnalysisError> => {
  if (command._tag === "RequestAnalysis") {
    const { requested } = command;
    return state === null
      ? Result.succeed([requested])
      : Result.fail(new AnalysisError({ reason: "AlreadyExists", analysisId: requested.analysisId }));
  }
  const { analysisId } = command;
  const refuse = (reason: AnalysisError["reason"]) => Result.fail(new AnalysisError({ reason, analysisId }));
  if (state === null) return refuse("NotFound");
  const { job } = state;
  switch (command._tag) {
    case "StartAnalysis":
      return Result.succeed(start(analysisId, job));
    case "ReportAnalysisProgress": {
      const { attempt, progress } = command;
      return Result.succeed(
        Job.isStep(job, attempt, progress)
          ? [AnalysisProgressed.make({ analysisId, attempt, progress })]
          : [],
      );
    }
    case "CompleteAnalysis":
      return Result.succeed(
        job.status === "running" ? [AnalysisCompleted.make({ analysisId, report: command.report })] : [],
      );
    case "FailAnalysis":
      return Result.succeed(
        Job.isCurrent(job, command.attempt)
          ? [AnalysisFailed.make({ analysisId, reason: command.reason })]
          : [],
      );
    case "ReleaseAnalysis": {
      const { attempt } = command;
      return Result.succeed(
        Job.isCurrent(job, attempt) ? [AnalysisReleased.make({ analysisId, attempt })] : [],
      );
    }
    case "CancelAnalysis":
      if (job.status === "cancelled") return Result.succeed([]);
      return Job.isActive(job)
        ? Result.succeed([AnalysisCancelled.make({ analysisId })])
        : refuse("AlreadyFinished");
  }
};

const start = (analysisId: AnalysisId, job: Job.Job): ReadonlyArray<AnalysisEvent> => {
  switch (Job.pickUp(job)) {
    case "start":
      return [AnalysisStarted.make({ analysisId, attempt: job.attempt + 1 })];
    case "exhausted":
      return [AnalysisFailed.make({ analysisId, reason: Job.exhausted(job, "decode") })];
    case "ignore":
      return [];
  }
};

/** The decider of analyses. */
export const Analysis: Decider<AnalysisState, AnalysisEvent, AnalysisCommand, AnalysisError> = {
  initial: null,
  evolve,
  decide,
};
