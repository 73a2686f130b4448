import { Arbitrary, Schema } from "effect";
import { Analysis, AnalysisCommand, AnalysisEvent } from "../../domain/analysis/Analysis.ts";
import { Cleanup, CleanupCommand, CleanupEvent } from "../../domain/cleanup/Cleanup.ts";
import { Conversion, ConversionCommand, ConversionEvent } from "../../domain/conversion/Conversion.ts";
import { Upload, UploadCommand, UploadEvent } from "../../domain/upload/Upload.ts";
import { deciderProperties } from "../support/DeciderProperties.ts";
import { golden } from "../support/Golden.ts";

const upTo = (length: number) => Array.from({ length }, (_, index) => index + 1);

/** What workers do in bursts: pick a job up and be lost, report for all attempts so far, make progress in twentieths. */
const bursts = {
  starts: Arbitrary.schema(Schema.Literals([1, 2, 7])),
  attempts: Arbitrary.schema(Schema.Literals([1, 3, 12])).pipe(Arbitrary.map(upTo)),
  shares: Arbitrary.schema(Schema.Literals([11, 20])).pipe(
    Arbitrary.map((twentieths) => upTo(twentieths).map((twentieth) => twentieth / 20)),
  ),
};

const received = golden("UploadReceived");
const { uploadId } = received;
deciderProperties("an upload", {
  decider: Upload,
  events: UploadEvent,
  opening: [{ _tag: "ReceiveUpload", received }],
  commands: Arbitrary.schema(UploadCommand).pipe(
    Arbitrary.map((command) => [
      command._tag === "ReceiveUpload"
        ? { ...command, received: { ...command.received, uploadId } }
        : { ...command, uploadId },
    ]),
  ),
  outcomes: {
    ReceiveUpload: "UploadReceived AlreadyExists",
    MarkUploadReady: "UploadReady nothing NotFound",
    RejectUpload: "UploadRejected nothing NotFound",
    DeleteUpload: "UploadDeleted nothing NotFound",
  },
  workerCommands: ["MarkUploadReady", "RejectUpload"],
  statusOf: (state) => state?.status,
  activeStatuses: [undefined, "received"],
  terminalStatuses: ["ready", "rejected", "deleted"],
  progressSteps: 0,
});

const conversionRequested = golden("ConversionRequested");
const { conversionId } = conversionRequested;
deciderProperties("a conversion", {
  decider: Conversion,
  events: ConversionEvent,
  opening: [{ _tag: "RequestConversion", requested: conversionRequested }, {
    _tag: "StartConversion",
    conversionId,
  }],
  commands: Arbitrary.all({ ...bursts, command: Arbitrary.schema(ConversionCommand) }).pipe(
    Arbitrary.map(({ command, starts, attempts, shares }): ReadonlyArray<ConversionCommand> => {
      switch (command._tag) {
        case "RequestConversion":
          return [{ ...command, requested: { ...command.requested, conversionId } }];
        case "ReportConversionProgress":
          return attempts.flatMap((attempt) =>
            shares.map((progress) => ({ ...command, conversionId, attempt, progress }))
          );
        case "StartConversion":
          return upTo(starts).map(() => ({ ...command, conversionId }));
        case "FailConversion":
        case "ReleaseConversion":
          return attempts.map((attempt) => ({ ...command, conversionId, attempt }));
        default:
          return [{ ...command, conversionId }];
      }
    }),
  ),
  outcomes: {
    RequestConversion: "ConversionRequested AlreadyExists",
    StartConversion: "ConversionStarted ConversionFailed nothing NotFound",
    ReportConversionProgress: "ConversionProgressed nothing NotFound",
    CompleteConversion: "ConversionCompleted nothing NotFound",
    FailConversion: "ConversionFailed nothing NotFound",
    ReleaseConversion: "ConversionReleased nothing NotFound",
    CancelConversion: "ConversionCancelled nothing AlreadyFinished NotFound",
    RetryConversion: "ConversionRetried StillActive AlreadyFinished NotFound",
  },
  workerCommands: [
    "StartConversion",
    "ReportConversionProgress",
    "CompleteConversion",
    "FailConversion",
    "ReleaseConversion",
  ],
  statusOf: (state) => state?.job.status,
  activeStatuses: [undefined, "queued", "running"],
  terminalStatuses: ["completed", "failed", "cancelled"],
  progressSteps: 10,
});

const analysisRequested = golden("AnalysisRequested");
const { analysisId } = analysisRequested;
deciderProperties("an analysis", {
  decider: Analysis,
  events: AnalysisEvent,
  opening: [{ _tag: "RequestAnalysis", requested: analysisRequested }, { _tag: "StartAnalysis", analysisId }],
  commands: Arbitrary.all({ ...bursts, command: Arbitrary.schema(AnalysisCommand) }).pipe(
    Arbitrary.map(({ command, starts, attempts, shares }): ReadonlyArray<AnalysisCommand> => {
      switch (command._tag) {
        case "RequestAnalysis":
          return [{ ...command, requested: { ...command.requested, analysisId } }];
        case "ReportAnalysisProgress":
          return attempts.flatMap((attempt) =>
            shares.map((progress) => ({ ...command, analysisId, attempt, progress }))
          );
        case "StartAnalysis":
          return upTo(starts).map(() => ({ ...command, analysisId }));
        case "FailAnalysis":
        case "ReleaseAnalysis":
          return attempts.map((attempt) => ({ ...command, analysisId, attempt }));
        default:
          return [{ ...command, analysisId }];
      }
    }),
  ),
  outcomes: {
    RequestAnalysis: "AnalysisRequested AlreadyExists",
    StartAnalysis: "AnalysisStarted AnalysisFailed nothing NotFound",
    ReportAnalysisProgress: "AnalysisProgressed nothing NotFound",
    CompleteAnalysis: "AnalysisCompleted nothing NotFound",
    FailAnalysis: "AnalysisFailed nothing NotFound",
    ReleaseAnalysis: "AnalysisReleased nothing NotFound",
    CancelAnalysis: "AnalysisCancelled nothing AlreadyFinished NotFound",
  },
  workerCommands: [
    "StartAnalysis",
    "ReportAnalysisProgress",
    "CompleteAnalysis",
    "FailAnalysis",
    "ReleaseAnalysis",
  ],
  statusOf: (state) => state?.job.status,
  activeStatuses: [undefined, "queued", "running"],
  terminalStatuses: ["completed", "failed", "cancelled"],
  progressSteps: 10,
});

const cleanupRequested = golden("CleanupRequested");
const { cleanupId } = cleanupRequested;
deciderProperties("a cleanup", {
  decider: Cleanup,
  events: CleanupEvent,
  opening: [{ _tag: "RequestCleanup", requested: cleanupRequested }, { _tag: "StartCleanup", cleanupId }],
  commands: Arbitrary.all({
    ...bursts,
    command: Arbitrary.schema(CleanupCommand),
  }).pipe(
    Arbitrary.map(({ command, starts, attempts }): ReadonlyArray<CleanupCommand> => {
      switch (command._tag) {
        case "RequestCleanup":
          return [{ ...command, requested: { ...command.requested, cleanupId } }];
        case "StartCleanup":
          return upTo(starts).map(() => ({ ...command, cleanupId }));
        case "FailCleanup":
          return attempts.map((attempt) => ({ ...command, cleanupId, attempt }));
        default:
          return [{ ...command, cleanupId }];
      }
    }),
  ),
  outcomes: {
    RequestCleanup: "CleanupRequested AlreadyExists",
    StartCleanup: "CleanupStarted CleanupFailed nothing NotFound",
    CompleteCleanup: "CleanupCompleted nothing NotFound",
    FailCleanup: "CleanupFailed nothing NotFound",
    RetryCleanup: "CleanupRetried NotFailed NotFound",
  },
  workerCommands: ["StartCleanup", "CompleteCleanup", "FailCleanup"],
  statusOf: (state) => state?.job.status,
  activeStatuses: [undefined, "queued", "running"],
  terminalStatuses: ["completed", "failed"],
  progressSteps: 0,
});
