import { Effect } from "effect";
import { join } from "node:path";
import type { Analysis, AnalysisCommand, AnalysisError } from "../../domain/analysis/Analysis.ts";
import type { AnalysisReport } from "../../domain/analysis/AnalysisReport.ts";
import * as BlobKey from "../../domain/BlobKey.ts";
import type { AnalysisId } from "../../domain/Id.ts";
import { Actors } from "../actors/Actors.ts";
import { BlobStore } from "../BlobStore.ts";
import { type Measurement, MediaEngine } from "../MediaEngine.ts";
import { deleteAll } from "./DeleteAll.ts";
import { type JobKind, makeJobWorker, type Slots } from "./JobWorker.ts";

/** Measures each upload for which an analysis was requested, and stores its waveform, curves and spectrogram. */
export const makeMeasureUpload = Effect.fnUntraced(
  function* (slots: Slots) {
    const { analyses } = yield* Actors;
    const blobs = yield* BlobStore;
    const media = yield* MediaEngine;

    const stored = (key: BlobKey.BlobKey, path: string) => Effect.as(blobs.putFile(key, path), key);

    /** The report, when all that lies beside it has been stored. */
    const storing = Effect.fnUntraced(function* (
      owner: BlobKey.Owner,
      id: AnalysisId,
      { waveform, curves, spectrogram, ...measured }: Measurement,
    ) {
      const stores = {
        waveform: waveform && (yield* storingWaveform(owner, id, waveform)),
        curves: { key: yield* stored(BlobKey.curves(owner, id), curves.path) },
        spectrogram: spectrogram && {
          key: yield* stored(BlobKey.spectrogram(owner, id), spectrogram.path),
        },
      };
      return { ...measured, ...stores };
    });

    const storingWaveform = Effect.fnUntraced(function* (
      owner: BlobKey.Owner,
      id: AnalysisId,
      { path, rmsPath, ...waveform }: NonNullable<Measurement["waveform"]>,
    ) {
      const key = yield* stored(BlobKey.waveform(owner, id), path);
      return { ...waveform, key, rmsKey: yield* stored(BlobKey.waveformRms(owner, id), rmsPath) };
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
      work: Effect.fnUntraced(function* ({ state: { requested }, tenantId, onProgress }) {
        const workspace = yield* media.workspace;
        const source = join(workspace, "source");
        yield* blobs.fetchTo(requested.source.key, source);
        const measured = yield* media.measure({
          workspace,
          source,
          media: requested.source.media,
          onProgress,
        });
        return yield* storing({ ...requested, tenantId }, requested.analysisId, measured);
      }, Effect.scoped),
      discard: ({ state: { requested }, tenantId }) =>
        deleteAll(blobs, BlobKey.analyses({ ...requested, tenantId }, requested.analysisId)),
    };
    return yield* makeJobWorker(kind, slots);
  },
);
