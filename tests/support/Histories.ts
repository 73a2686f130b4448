import { Arbitrary, Result, Schema } from "effect";
import { Analysis } from "../../domain/analysis/Analysis.ts";
import { Cleanup } from "../../domain/cleanup/Cleanup.ts";
import { Conversion } from "../../domain/conversion/Conversion.ts";
import type { Decider } from "../../domain/Decider.ts";
import type { DomainEvent } from "../../domain/event/DomainEvent.ts";
import type { RecordedEvent } from "../../domain/event/RecordedEvent.ts";
import { type TenantId, UserId } from "../../domain/Id.ts";
import { Upload } from "../../domain/upload/Upload.ts";
import {
  analysisOf,
  conversionOf,
  encoder,
  failure,
  media,
  newId,
  newTenant,
  receivedBy,
  recorded,
  renderedOf,
  reportOn,
} from "./Fixtures.ts";

/** One command to one of the actors of one of some uploads, told so that it can be tried again smaller. */
const Step = Schema.Struct({
  upload: Schema.Literals([0, 1, 2, 3]),
  actor: Schema.Literals(["upload", "conversion", "conversion", "conversion", "analysis", "cleanup"]),
  // Most of what can happen needs a job that has been started.
  command: Schema.Literals([
    "start",
    "start",
    "start",
    "complete",
    "complete",
    "progress",
    "fail",
    "release",
    "cancel",
    "retry",
    "retry",
    "delete",
  ]),
  /** How much later than the one before, in minutes. */
  minutes: Schema.Literals([0, 1, 50]),
});
type Step = typeof Step.Type;

/** A decider with its state: what it is told leads to the events that it decides on. */
const acting = <State, Event extends DomainEvent, Command, Error>(
  decider: Decider<State, Event, Command, Error>,
  opening: Command,
) => {
  let state = decider.initial;
  return {
    /** Tells it a command that suits its state; the first word opens it, whatever that is. */
    tell: (commandFor: (state: State) => Command): ReadonlyArray<DomainEvent> => {
      const decided = decider.decide(state, state === decider.initial ? opening : commandFor(state));
      const events = Result.isSuccess(decided) ? decided.success : [];
      for (const event of events) state = decider.evolve(state, event);
      return events;
    },
  };
};

/** The actors of an upload, of one of two users of a tenant. */
const actorsOf = (tenantId: TenantId, number: number) => {
  const received = receivedBy(tenantId, {
    userId: UserId.make(number % 2 === 0 ? "even" : "odd"),
    sizeBytes: 10 ** (number + 1),
  });
  const { uploadId, userId } = received;
  const requested = conversionOf(received);
  const { conversionId } = requested;
  const measured = analysisOf(received);
  const { analysisId } = measured;
  const cleanupId = newId("cln");

  const upload = acting(Upload, { _tag: "ReceiveUpload", received });
  const conversion = acting(Conversion, { _tag: "RequestConversion", requested });
  const analysis = acting(Analysis, { _tag: "RequestAnalysis", requested: measured });
  const cleanup = acting(Cleanup, {
    _tag: "RequestCleanup",
    requested: { _tag: "CleanupRequested", cleanupId, uploadId, userId, prefix: "prefix/" },
  });

  return {
    received,
    upload,
    conversion,
    analysis,
    cleanup,
    conversionId,
    analysisId,
    cleanupId,
    requested,
    uploadId,
  };
};

const eventsOf = (actors: ReturnType<typeof actorsOf>, { actor, command }: Step, tenantId: TenantId) => {
  const { conversionId, analysisId, cleanupId, uploadId, requested, received } = actors;
  const outputs = [{ ...renderedOf(tenantId, requested), sizeBytes: received.sizeBytes + 1 }] as const;
  switch (actor) {
    case "upload":
      return actors.upload.tell(() => {
        switch (command) {
          case "delete":
          case "cancel":
            return { _tag: "DeleteUpload", uploadId };
          case "fail":
            return { _tag: "RejectUpload", uploadId, reason: failure };
          default:
            return { _tag: "MarkUploadReady", uploadId, media };
        }
      });
    case "conversion":
      return actors.conversion.tell((state) => {
        const { attempt = 1, progress = 0 } = state?.job ?? {};
        switch (command) {
          case "complete":
            return { _tag: "CompleteConversion", conversionId, outputs, failed: [], encoder };
          case "progress":
            return {
              _tag: "ReportConversionProgress",
              conversionId,
              attempt,
              progress: Math.min(progress + 0.3, 1),
            };
          case "fail":
            return { _tag: "FailConversion", conversionId, attempt, reason: failure };
          case "release":
            return { _tag: "ReleaseConversion", conversionId, attempt };
          case "cancel":
            return { _tag: "CancelConversion", conversionId };
          case "retry":
            return { _tag: "RetryConversion", conversionId };
          default:
            return { _tag: "StartConversion", conversionId };
        }
      });
    case "analysis":
      return actors.analysis.tell((state) => {
        const { attempt = 1, progress = 0 } = state?.job ?? {};
        switch (command) {
          case "complete":
            return {
              _tag: "CompleteAnalysis",
              analysisId,
              report: reportOn({ tenantId, ...received }, analysisId),
            };
          case "progress":
            return {
              _tag: "ReportAnalysisProgress",
              analysisId,
              attempt,
              progress: Math.min(progress + 0.3, 1),
            };
          case "fail":
            return { _tag: "FailAnalysis", analysisId, attempt, reason: failure };
          case "release":
            return { _tag: "ReleaseAnalysis", analysisId, attempt };
          case "cancel":
            return { _tag: "CancelAnalysis", analysisId };
          default:
            return { _tag: "StartAnalysis", analysisId };
        }
      });
    case "cleanup":
      return actors.cleanup.tell((state) => {
        const { attempt = 1 } = state?.job ?? {};
        switch (command) {
          case "complete":
            return { _tag: "CompleteCleanup", cleanupId, objects: 2, bytes: 3 };
          case "fail":
            return { _tag: "FailCleanup", cleanupId, attempt, reason: failure };
          case "retry":
            return { _tag: "RetryCleanup", cleanupId };
          default:
            return { _tag: "StartCleanup", cleanupId };
        }
      });
  }
};

/** A log from position 1, as the deciders have decided on random commands to interleaved actors of two tenants. */
const historyOf = (steps: ReadonlyArray<Step>): ReadonlyArray<RecordedEvent> => {
  const tenants = [newTenant(), newTenant()] as const;
  const tenantOf = (number: number) => tenants[number === 3 ? 1 : 0];
  const uploads = [0, 1, 2, 3].map((number) => actorsOf(tenantOf(number), number));
  const log: Array<RecordedEvent> = [];
  let time = Date.UTC(2026, 1, 28, 23);
  for (const step of steps) {
    time += step.minutes * 60_000;
    const actors = uploads[step.upload];
    const tenantId = tenantOf(step.upload);
    const events = actors === undefined ? [] : eventsOf(actors, step, tenantId);
    const placed = recorded(tenantId, events, log.length + 1);
    log.push(...placed.map((event) => ({ ...event, recordedAt: new Date(time) })));
  }
  return log;
};

/** Random histories of uploads and everything that is done with them. */
export const histories: Arbitrary.Arbitrary<ReadonlyArray<RecordedEvent>> = Arbitrary.array(
  Arbitrary.schema(Step),
  { minLength: 60, maxLength: 120 },
).pipe(Arbitrary.map(historyOf));
