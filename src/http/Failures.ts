import { Effect } from "effect";
import type { AnalysisError } from "../../domain/analysis/Analysis.ts";
import type { ConversionError } from "../../domain/conversion/Conversion.ts";
import type { UploadError } from "../../domain/upload/Upload.ts";
import type { ActorError } from "../../services/actors/Actor.ts";
import type { BlobStoreError } from "../../services/BlobStore.ts";
import type { EventStoreError } from "../../services/EventStore.ts";
import type { MediaError } from "../../services/MediaEngine.ts";
import type { OperationError } from "../../services/OperationError.ts";
import type { RemoteFileError } from "../../services/RemoteFiles.ts";
import type { ViewsError } from "../../services/views/Views.ts";
import { fail, type Problem } from "../api/Problem.ts";

/** What the services below the API fail with. */
type ServiceError =
  | UploadError
  | ConversionError
  | AnalysisError
  | ActorError
  | EventStoreError
  | BlobStoreError
  | MediaError
  | OperationError
  | RemoteFileError
  | ViewsError;

const noSuch = fail("NOT_FOUND", { detail: "There is no such resource" });

const unavailable = (part: string) => (error: ServiceError) =>
  Effect.andThen(
    Effect.logWarning(`${part} failed while answering a request`, error),
    fail("UNAVAILABLE", { detail: `${part} is out of reach at the moment; try again` }),
  );

const toProblem = (error: ServiceError): Effect.Effect<never, Problem> => {
  switch (error._tag) {
    case "UploadError":
    case "ConversionError":
    case "AnalysisError":
      switch (error.reason) {
        case "NotFound":
          return noSuch;
        case "AlreadyExists":
          return Effect.die(error);
        case "AlreadyFinished":
          return fail("ALREADY_FINISHED", { detail: "The job is over already" });
        case "StillActive":
          return fail("NOT_READY", { detail: "The job is still under way; cancel it or wait for it first" });
      }
      break;
    case "ActorError":
      switch (error.reason) {
        case "Overloaded":
        case "Contended":
          return fail("OVERLOADED", { detail: "Too much is asked of this resource at once; try again" });
        case "DeadlineExceeded":
          return fail("DEADLINE_EXCEEDED", { detail: "The request waited too long for its turn; try again" });
        case "CommandIdReused":
          return Effect.die(error);
      }
      break;
    case "BlobStoreError":
      return error.reason === "NotFound" ? noSuch : unavailable("The blob store")(error);
    case "EventStoreError":
      return error.reason === "Rejected" ? Effect.die(error) : unavailable("The event store")(error);
    case "MediaError":
      return unavailable("The working directory")(error);
    case "OperationError":
      return fail(error.code, { detail: error.detail });
    case "RemoteFileError":
      return error.reason === "Failed"
        ? fail("URL_FAILED", { detail: error.detail })
        // The same for every refusal, so that nobody learns of networks by asking.
        : fail("URL_NOT_ALLOWED", {
          detail: "The URL is not one of a public file, or it leads to one that is not",
        });
    case "ViewsError":
      return error.reason._tag === "Behind"
        ? fail("PROJECTION_BEHIND", {
          detail: `The views have come to position ${error.reason.reached} of ${error.reason.position}; ${
            error.reason.isPaused ? "an operator has paused one of them" : "try again"
          }`,
        })
        : unavailable("The database")(error);
  }
};

const tags = new Set<ServiceError["_tag"]>([
  "UploadError",
  "ConversionError",
  "AnalysisError",
  "ActorError",
  "EventStoreError",
  "BlobStoreError",
  "MediaError",
  "OperationError",
  "RemoteFileError",
  "ViewsError",
]);

const isServiceError = (error: ServiceError | Problem): error is ServiceError =>
  "_tag" in error && tags.has(error._tag);

/** Turns the failures of services into problems; problems pass. */
export const orProblem = <A, R>(
  effect: Effect.Effect<A, ServiceError | Problem, R>,
): Effect.Effect<A, Problem, R> =>
  Effect.catch(effect, (error) => isServiceError(error) ? toProblem(error) : Effect.fail(error));
