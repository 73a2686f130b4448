import { Effect } from "effect";
import { join } from "node:path";
import type { Analysis, AnalysisCommand, AnalysisError } from "../../domain/analysis/Analysis.ts";
import { allParts, currentAnalyser, sampleParts } from "../../domain/analysis/AnalysisPart.ts";
import type { AnalysisReport } from "../../domain/analysis/AnalysisReport.ts";
import { withParts } from "../../domain/analysis/ReplacedParts.ts";
import * as BlobKey from "../../domain/BlobKey.ts";
import type { Position } from "../../domain/event/RecordedEvent.ts";
import type { AnalysisId, TenantId } from "../../domain/Id.ts";
import { Actors } from "../actors/Actors.ts";
import { BlobStore } from "../BlobStore.ts";
import { MediaEngine } from "../MediaEngine.ts";
import { Recogniser } from "../Recogniser.ts";
import { Views } from "../views/Views.ts";
import { planOf } from "./AnalysisPlan.ts";
import { deleteAll } from "./DeleteAll.ts";
import { type JobKind, makeJobWorker, type Slots } from "./JobWorker.ts";
import { storeOf } from "./StoreMeasurement.ts";
import { shareBefore, transcribe, type TranscribeJob } from "./TranscribeUpload.ts";

/** Measures each upload for which an analysis was requested, and stores its waveform, curves, spectrogram and transcript. */
export const makeMeasureUpload = Effect.fnUntraced(
  function* (slots: Slots) {
    const { analyses } = yield* Actors;
    const blobs = yield* BlobStore;
    const media = yield* MediaEngine;
    const recogniser = yield* Recogniser;
    const views = yield* Views;

    /** Where the views cannot tell what was measured before, everything is measured. */
    const plan = (
      { uploadId, analysisId, parts }: Analysis["requested"],
      tenantId: TenantId,
      position: Position,
    ) =>
      parts === undefined ? Effect.succeed(planOf(allParts, [])) : views.awaitPosition(position).pipe(
        Effect.andThen(views.analysesOf(tenantId, [uploadId])),
        Effect.map((rows) => planOf(parts, rows.filter(({ id }) => id < analysisId))),
        Effect.orElseSucceed(() => planOf(allParts, [])),
      );

    /** A report with the part that tells of the transcript, when that has been stored. */
    const withTranscript = Effect.fnUntraced(function* (
      recogniser: Recogniser,
      store: ReturnType<typeof storeOf>,
      report: AnalysisReport,
      job: TranscribeJob,
    ) {
      const { transcript: _, ...errors } = report.errors;
      const { value, error } = yield* transcribe(media, recogniser, job);
      return {
        ...report,
        transcript: value && (yield* store.transcript(value)),
        analyserVersion: { ...report.analyserVersion, transcript: currentAnalyser.transcript },
        errors: error === null ? errors : { ...errors, transcript: error },
      };
    });

    const kind: JobKind<Analysis, AnalysisId, AnalysisCommand, AnalysisError, AnalysisReport> = {
      name: "measure",
      types: ["AnalysisRequested"],
      cancelled: "AnalysisCancelled",
      idOf: (event) => "analysisId" in event ? event.analysisId : null,
      actor: analyses,
      commands: {
        start: (analysisId) => ({ _tag: "StartAnalysis", analysisId }),
        progress: (analysisId, attempt, progress) => ({
          _tag: "ReportAnalysisProgress",
          analysisId,
          attempt,
          progress,
        }),
        complete: (analysisId, report) => ({ _tag: "CompleteAnalysis", analysisId, report }),
        fail: (analysisId, attempt, reason) => ({ _tag: "FailAnalysis", analysisId, attempt, reason }),
        cancel: (analysisId) => ({ _tag: "CancelAnalysis", analysisId }),
        release: (analysisId, attempt) => ({ _tag: "ReleaseAnalysis", analysisId, attempt }),
      },
      work: Effect.fnUntraced(function* ({ state: { requested }, tenantId, position, onProgress }) {
        const { parts, earlier } = yield* plan(requested, tenantId, position);
        const heard = parts.includes("transcript") ? recogniser : null;
        const measured = sampleParts.filter((part) => parts.includes(part));
        const workspace = yield* media.workspace;
        const source = join(workspace, "source");
        yield* blobs.fetchTo(requested.source.key, source);
        const job = { workspace, source, media: requested.source.media };
        const store = storeOf(blobs, { ...requested, tenantId }, requested.analysisId);
        const portion = heard === null ? 1 : shareBefore;
        const fresh = earlier !== null && measured.length === 0 ? earlier : yield* store.measurement(
          yield* media.measure({
            ...job,
            parts: measured,
            onProgress: (share) => onProgress(portion * share),
          }),
          earlier,
        );
        const report = earlier === null ? fresh : withParts(earlier, fresh, measured);
        return heard === null
          ? report
          : yield* withTranscript(heard, store, report, { ...job, measured: report, onProgress });
      }, Effect.scoped),
      discard: ({ state: { requested }, tenantId }) =>
        deleteAll(blobs, BlobKey.analyses({ ...requested, tenantId }, requested.analysisId)),
    };
    return yield* makeJobWorker(kind, slots);
  },
);
