import { Effect } from "effect";
import { join } from "node:path";
import type { Analysis, AnalysisCommand, AnalysisError } from "../../domain/analysis/Analysis.ts";
import type { AnalysisReport } from "../../domain/analysis/AnalysisReport.ts";
import * as BlobKey from "../../domain/BlobKey.ts";
import type { AnalysisId } from "../../domain/Id.ts";
import { Actors } from "../actors/Actors.ts";
import { BlobStore } from "../BlobStore.ts";
import { MediaEngine } from "../MediaEngine.ts";
import { deleteAll } from "./DeleteAll.ts";
import { type JobKind, makeJobWorker, type Slots } from "./JobWorker.ts";

/** Measures each upload for which an analysis was requested, and stores its waveform. */
export const makeMeasureUpload = Effect.fnUntraced(
  function* (slots: Slots) {
    const { analyses } = yield* Actors;
    const blobs = yield* BlobStore;
    const media = yield* MediaEngine;

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
      work: Effect.fnUntraced(function* ({ state: { requested }, tenantId, onProgress }) {
        const workspace = yield* media.workspace;
        const source = join(workspace, "source");
        yield* blobs.fetchTo(requested.source.key, source);
        const { waveformPath, waveform, ...measured } = yield* media.measure({
          workspace,
          source,
          media: requested.source.media,
          onProgress,
        });
        const key = BlobKey.waveform({ ...requested, tenantId }, requested.analysisId);
        yield* blobs.putFile(key, waveformPath);
        return { ...measured, waveform: { ...waveform, key } };
      }, Effect.scoped),
      discard: ({ state: { requested }, tenantId }) =>
        deleteAll(blobs, BlobKey.analyses({ ...requested, tenantId }, requested.analysisId)),
    };
    return yield* makeJobWorker(kind, slots);
  },
);
