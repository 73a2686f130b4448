import { Effect, Schema, Stream } from "effect";
import { join } from "node:path";
import type { Analysis, AnalysisCommand, AnalysisError } from "../../domain/analysis/Analysis.ts";
import { AnalysisCurves } from "../../domain/analysis/AnalysisCurves.ts";
import { allParts } from "../../domain/analysis/AnalysisPart.ts";
import type { AnalysisReport } from "../../domain/analysis/AnalysisReport.ts";
import { withParts } from "../../domain/analysis/ReplacedParts.ts";
import * as BlobKey from "../../domain/BlobKey.ts";
import type { Position } from "../../domain/event/RecordedEvent.ts";
import type { AnalysisId, TenantId } from "../../domain/Id.ts";
import { Actors } from "../actors/Actors.ts";
import { BlobStore } from "../BlobStore.ts";
import { type Measurement, MediaEngine } from "../MediaEngine.ts";
import { Views } from "../views/Views.ts";
import { planOf } from "./AnalysisPlan.ts";
import { deleteAll } from "./DeleteAll.ts";
import { type JobKind, makeJobWorker, type Slots } from "./JobWorker.ts";

const decodeCurves = Schema.decodeUnknownEffect(Schema.fromJsonString(AnalysisCurves));

/** Measures each upload for which an analysis was requested, and stores its waveform, curves and spectrogram. */
export const makeMeasureUpload = Effect.fnUntraced(
  function* (slots: Slots) {
    const { analyses } = yield* Actors;
    const blobs = yield* BlobStore;
    const media = yield* MediaEngine;
    const views = yield* Views;

    const stored = (key: BlobKey.BlobKey, path: string) => Effect.as(blobs.putFile(key, path), key);

    /** The report on what was measured, when all that lies beside it has been stored. */
    const storing = Effect.fnUntraced(function* (
      owner: BlobKey.Owner,
      id: AnalysisId,
      { waveform, curves, spectrogram, ...measured }: Measurement,
      earlier: AnalysisReport | null,
    ) {
      const stores = {
        waveform: waveform && (yield* storingWaveform(owner, id, waveform)),
        curves: yield* storingCurves(owner, id, curves, earlier && earlier.curves),
        spectrogram: spectrogram && {
          key: yield* stored(BlobKey.spectrogram(owner, id), spectrogram.path),
        },
      };
      return { ...measured, ...stores };
    });

    /** Stores curves, with what was not measured as it was before. */
    const storingCurves = Effect.fnUntraced(function* (
      owner: BlobKey.Owner,
      id: AnalysisId,
      curves: Measurement["curves"],
      before: AnalysisReport["curves"],
    ) {
      const count = Object.keys(curves).length;
      if (count === 0) return null;
      const isWhole = count === Object.keys(AnalysisCurves.fields).length;
      const kept = isWhole || before === null ? {} : yield* readCurves(before.key);
      const key = BlobKey.curves(owner, id);
      yield* blobs.put(key, Stream.succeed(new TextEncoder().encode(JSON.stringify({ ...kept, ...curves }))));
      return { key };
    });

    /** Curves that were made here, so that they can be read here. */
    const readCurves = (key: BlobKey.BlobKey) =>
      Effect.flatMap(
        Stream.mkString(Stream.decodeText(blobs.get(key))),
        (text) => Effect.orDie(decodeCurves(text)),
      );

    const storingWaveform = Effect.fnUntraced(function* (
      owner: BlobKey.Owner,
      id: AnalysisId,
      { path, rmsPath, ...waveform }: NonNullable<Measurement["waveform"]>,
    ) {
      const key = yield* stored(BlobKey.waveform(owner, id), path);
      return { ...waveform, key, rmsKey: yield* stored(BlobKey.waveformRms(owner, id), rmsPath) };
    });

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
        const workspace = yield* media.workspace;
        const source = join(workspace, "source");
        yield* blobs.fetchTo(requested.source.key, source);
        const measured = yield* media.measure({
          workspace,
          source,
          media: requested.source.media,
          parts,
          onProgress,
        });
        const report = yield* storing({ ...requested, tenantId }, requested.analysisId, measured, earlier);
        return earlier === null ? report : withParts(earlier, report, parts);
      }, Effect.scoped),
      discard: ({ state: { requested }, tenantId }) =>
        deleteAll(blobs, BlobKey.analyses({ ...requested, tenantId }, requested.analysisId)),
    };
    return yield* makeJobWorker(kind, slots);
  },
);
