import { Context, Effect, Layer } from "effect";
import {
  Analysis,
  AnalysisCommand,
  AnalysisError,
  AnalysisEvent,
  type AnalysisState,
} from "../../domain/analysis/Analysis.ts";
import {
  Cleanup,
  CleanupCommand,
  CleanupError,
  CleanupEvent,
  type CleanupState,
} from "../../domain/cleanup/Cleanup.ts";
import {
  Conversion,
  ConversionCommand,
  ConversionError,
  ConversionEvent,
  type ConversionState,
} from "../../domain/conversion/Conversion.ts";
import {
  Upload,
  UploadCommand,
  UploadError,
  UploadEvent,
  type UploadState,
} from "../../domain/upload/Upload.ts";
import { type Actor, makeActor } from "./Actor.ts";

/** The four actor types of the service. */
export class Actors extends Context.Service<Actors, {
  readonly uploads: Actor<UploadState, UploadCommand, UploadError>;
  readonly conversions: Actor<ConversionState, ConversionCommand, ConversionError>;
  readonly analyses: Actor<AnalysisState, AnalysisCommand, AnalysisError>;
  readonly cleanups: Actor<CleanupState, CleanupCommand, CleanupError>;
}>()("tapedeck/services/actors/Actors") {
  static readonly layer = Layer.effect(
    Actors,
    Effect.gen(function* () {
      const uploads = yield* makeActor({
        name: "Upload",
        decider: Upload,
        event: UploadEvent,
        command: UploadCommand,
        error: UploadError,
        idOf: (command) => command._tag === "ReceiveUpload" ? command.received.uploadId : command.uploadId,
      });
      const conversions = yield* makeActor({
        name: "Conversion",
        decider: Conversion,
        event: ConversionEvent,
        command: ConversionCommand,
        error: ConversionError,
        idOf: (command) =>
          command._tag === "RequestConversion" ? command.requested.conversionId : command.conversionId,
      });
      const analyses = yield* makeActor({
        name: "Analysis",
        decider: Analysis,
        event: AnalysisEvent,
        command: AnalysisCommand,
        error: AnalysisError,
        idOf: (command) =>
          command._tag === "RequestAnalysis" ? command.requested.analysisId : command.analysisId,
      });
      const cleanups = yield* makeActor({
        name: "Cleanup",
        decider: Cleanup,
        event: CleanupEvent,
        command: CleanupCommand,
        error: CleanupError,
        idOf: (command) =>
          command._tag === "RequestCleanup" ? command.requested.cleanupId : command.cleanupId,
      });
      return Actors.of({ uploads, conversions, analyses, cleanups });
    }),
  );
}
