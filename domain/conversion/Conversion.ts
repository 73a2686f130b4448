/**
 * A conversion: one source rendered to one or more outputs. It is completed when at least one of them is there. It is queued, runs in attempts (an attempt given back at a shutdown does not count), and is completed, failed or
 * cancelled; a failed or cancelled one can be asked for again.
 */
import { Result, Schema } from "effect";
import { BlobKey } from "../BlobKey.ts";
import type { Decider } from "../Decider.ts";
import { Failure } from "../ErrorCode.ts";
import { ConversionId, UploadId, UserId } from "../Id.ts";
import * as Job from "../Job.ts";
import { Levels, LoudnessResult } from "../media/Loudness.ts";
import { MediaFacts } from "../media/MediaFacts.ts";
import { OutputFormat } from "../media/OutputFormat.ts";
import { OutputName, OutputSpec } from "../media/OutputSpec.ts";
import { Streaming } from "../media/Streaming.ts";

// --- Events. Type names and field names are the storage format: never rename them, add versions instead. ---

/** A finished output: where it is stored and what it holds. */
export const RenderedOutput = Schema.Struct({
  name: OutputName,
  format: OutputFormat,
  key: BlobKey,
  sizeBytes: Schema.Int,
  sha256: Schema.String,
  durationSeconds: Schema.Finite,
  sampleRate: Schema.Int,
  channels: Schema.Int,
  /** `null` where nothing was asked for. */
  loudness: Schema.NullOr(LoudnessResult),
  /** The further files of an output for streaming, by what their names are made of; size and hash are of all its files. */
  streaming: Schema.optionalKey(Streaming),
});
export type RenderedOutput = typeof RenderedOutput.Type;

/** An output that could not be rendered, though others could. */
export const FailedOutput = Schema.Struct({ name: OutputName, format: OutputFormat, reason: Failure });
export type FailedOutput = typeof FailedOutput.Type;

/** The program that rendered the outputs, and its version, such as "ffmpeg 7.1.1": tells which files a faulty release made. */
export const Encoder = Schema.NonEmptyString;

/** The encoder of conversions that were completed before it was noted. */
export const unknownEncoder = "unknown";

export const ConversionRequested = Schema.TaggedStruct("ConversionRequested", {
  conversionId: ConversionId,
  uploadId: UploadId,
  userId: UserId,
  source: Schema.Struct({ key: BlobKey, media: MediaFacts }),
  outputs: Schema.NonEmptyArray(OutputSpec),
  /** The picture that came with the request. */
  cover: Schema.optionalKey(BlobKey),
  /** Those of the album that outputs name, as its analyses found them when this was requested. */
  albumLevels: Schema.optionalKey(Levels),
});
export const ConversionStarted = Schema.TaggedStruct("ConversionStarted", {
  conversionId: ConversionId,
  attempt: Job.Attempt,
});
export const ConversionProgressed = Schema.TaggedStruct("ConversionProgressed", {
  conversionId: ConversionId,
  attempt: Job.Attempt,
  progress: Job.Progress,
});
export const ConversionCompleted = Schema.TaggedStruct("ConversionCompleted", {
  conversionId: ConversionId,
  outputs: Schema.NonEmptyArray(RenderedOutput),
  failed: Schema.Array(FailedOutput),
  encoder: Encoder,
});
export const ConversionFailed = Schema.TaggedStruct("ConversionFailed", {
  conversionId: ConversionId,
  reason: Failure,
});
export const ConversionCancelled = Schema.TaggedStruct("ConversionCancelled", { conversionId: ConversionId });
export const ConversionRetried = Schema.TaggedStruct("ConversionRetried", { conversionId: ConversionId });
export const ConversionReleased = Schema.TaggedStruct("ConversionReleased", {
  conversionId: ConversionId,
  attempt: Job.Attempt,
});

export const ConversionEvent = Schema.Union([
  ConversionRequested,
  ConversionStarted,
  ConversionProgressed,
  ConversionCompleted,
  ConversionFailed,
  ConversionCancelled,
  ConversionReleased,
  ConversionRetried,
]);
export type ConversionEvent = typeof ConversionEvent.Type;

// --- State ---

/** A known conversion: what was asked for and how far it is. */
export interface Conversion {
  readonly requested: typeof ConversionRequested.Type;
  readonly job: Job.Job;
}

/** `null` before anything has happened. */
export type ConversionState = Conversion | null;

// --- evolve ---

const evolve = (state: ConversionState, event: ConversionEvent): ConversionState => {
  if (event._tag === "ConversionRequested") return { requested: event, job: Job.queued };
  if (state === null) return null;
  switch (event._tag) {
    case "ConversionStarted":
      return { ...state, job: Job.started(state.job, event.attempt) };
    case "ConversionProgressed":
      return { ...state, job: { ...state.job, progress: event.progress } };
    case "ConversionCompleted":
      return { ...state, job: Job.finished(state.job, "completed") };
    case "ConversionFailed":
      return { ...state, job: Job.finished(state.job, "failed") };
    case "ConversionCancelled":
      return { ...state, job: Job.finished(state.job, "cancelled") };
    case "ConversionReleased":
      return { ...state, job: Job.released(state.job) };
    case "ConversionRetried":
      return { ...state, job: Job.requeued(state.job) };
  }
};

// --- Commands ---

const { conversionId, attempt, progress } = ConversionProgressed.fields;
const { outputs, failed, encoder } = ConversionCompleted.fields;

export const ConversionCommand = Schema.Union([
  Schema.TaggedStruct("RequestConversion", { requested: ConversionRequested }),
  Schema.TaggedStruct("StartConversion", { conversionId }),
  Schema.TaggedStruct("ReportConversionProgress", { conversionId, attempt, progress }),
  Schema.TaggedStruct("CompleteConversion", { conversionId, outputs, failed, encoder }),
  Schema.TaggedStruct("FailConversion", { conversionId, attempt, reason: Failure }),
  Schema.TaggedStruct("CancelConversion", { conversionId }),
  Schema.TaggedStruct("ReleaseConversion", { conversionId, attempt }),
  Schema.TaggedStruct("RetryConversion", { conversionId }),
]);
export type ConversionCommand = typeof ConversionCommand.Type;

// --- Errors ---

/** Why a command was refused: there is no such conversion, it is over already, or it is still under way. */
export class ConversionError extends Schema.TaggedError<ConversionError>()("ConversionError", {
  reason: Schema.Literals(["NotFound", "AlreadyExists", "AlreadyFinished", "StillActive"]),
  conversionId: ConversionId,
}) {}

// --- decide ---

const decide = (
  state: ConversionState,
  command: ConversionCommand,
): Result.Result<ReadonlyArray<ConversionEvent>, ConversionError> => {
  if (command._tag === "RequestConversion") {
    const { requested } = command;
    return state === null
      ? Result.succeed([requested])
      : Result.fail(new ConversionError({ reason: "AlreadyExists", conversionId: requested.conversionId }));
  }
  const { conversionId } = command;
  const refuse = (reason: ConversionError["reason"]) =>
    Result.fail(new ConversionError({ reason, conversionId }));
  if (state === null) return refuse("NotFound");
  const { job } = state;
  switch (command._tag) {
    case "StartConversion":
      return Result.succeed(start(conversionId, job));
    case "ReportConversionProgress": {
      const { attempt, progress } = command;
      return Result.succeed(
        Job.isStep(job, attempt, progress)
          ? [ConversionProgressed.make({ conversionId, attempt, progress })]
          : [],
      );
    }
    case "CompleteConversion": {
      const { outputs, failed, encoder } = command;
      // Whichever attempt it comes from: the outputs it lists are stored, and another attempt can but store the same bytes under the
      // same keys. Which outputs fail may differ, where a limit was near: the first attempt that is done decides.
      return Result.succeed(
        job.status === "running"
          ? [ConversionCompleted.make({ conversionId, outputs, failed, encoder })]
          : [],
      );
    }
    case "FailConversion": {
      const { attempt, reason } = command;
      return Result.succeed(
        Job.isCurrent(job, attempt) ? [ConversionFailed.make({ conversionId, reason })] : [],
      );
    }
    case "ReleaseConversion": {
      const { attempt } = command;
      return Result.succeed(
        Job.isCurrent(job, attempt) ? [ConversionReleased.make({ conversionId, attempt })] : [],
      );
    }
    case "CancelConversion":
      if (job.status === "cancelled") return Result.succeed([]);
      return Job.isActive(job)
        ? Result.succeed([ConversionCancelled.make({ conversionId })])
        : refuse("AlreadyFinished");
    case "RetryConversion":
      if (Job.isActive(job)) return refuse("StillActive");
      return job.status === "completed"
        ? refuse("AlreadyFinished")
        : Result.succeed([ConversionRetried.make({ conversionId })]);
  }
};

const start = (conversionId: ConversionId, job: Job.Job): ReadonlyArray<ConversionEvent> => {
  switch (Job.pickUp(job)) {
    case "start":
      return [ConversionStarted.make({ conversionId, attempt: job.attempt + 1 })];
    case "exhausted":
      return [ConversionFailed.make({ conversionId, reason: Job.exhausted(job, "encode") })];
    case "ignore":
      return [];
  }
};

/** The decider of conversions. */
export const Conversion: Decider<ConversionState, ConversionEvent, ConversionCommand, ConversionError> = {
  initial: null,
  evolve,
  decide,
};
