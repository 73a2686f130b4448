import { Effect, Stream } from "effect";
import { join } from "node:path";
import type { Analysis, AnalysisCommand, AnalysisError } from "../../domain/analysis/Analysis.ts";
import type { AnalysisReport } from "../../domain/analysis/AnalysisReport.ts";
import * as BlobKey from "../../domain/BlobKey.ts";
import type { AnalysisId } from "../../domain/Id.ts";
import type { Transcript } from "../../domain/transcript/Transcript.ts";
import { Actors } from "../actors/Actors.ts";
import { BlobStore } from "../BlobStore.ts";
import { type Measurement, MediaEngine } from "../MediaEngine.ts";
import { Recogniser } from "../Recogniser.ts";
import { deleteAll } from "./DeleteAll.ts";
import { type JobKind, makeJobWorker, type Slots } from "./JobWorker.ts";
import { shareBefore, transcribe, type TranscribeJob, transcriptVersion } from "./TranscribeUpload.ts";

/** Measures each upload for which an analysis was requested, and stores its waveform, curves, spectrogram and transcript. */
export const makeMeasureUpload = Effect.fnUntraced(
  function* (slots: Slots) {
    const { analyses } = yield* Actors;
    const blobs = yield* BlobStore;
    const media = yield* MediaEngine;
    const recogniser = yield* Recogniser;

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

    const storingTranscript = Effect.fnUntraced(function* (
      owner: BlobKey.Owner,
      id: AnalysisId,
      transcript: Transcript,
    ) {
      const key = BlobKey.transcript(owner, id);
      yield* blobs.put(key, Stream.encodeText(Stream.make(JSON.stringify(transcript))));
      const { language, recogniser, segments } = transcript;
      return { key, language, recogniser, segments: segments.length };
    });

    /** The part of the report that tells of the transcript, when that has been stored. */
    const transcribing = Effect.fnUntraced(function* (
      owner: BlobKey.Owner,
      id: AnalysisId,
      job: TranscribeJob & { readonly measured: Measurement },
    ) {
      const { analyserVersion, errors } = job.measured;
      if (recogniser === null) return { transcript: null };
      const { value, error } = yield* transcribe(media, recogniser, job);
      return {
        transcript: value && (yield* storingTranscript(owner, id, value)),
        analyserVersion: { ...analyserVersion, transcript: transcriptVersion },
        errors: { ...errors, ...(error !== null && { transcript: error }) },
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
      work: Effect.fnUntraced(function* ({ state: { requested }, tenantId, onProgress }) {
        const workspace = yield* media.workspace;
        const source = join(workspace, "source");
        yield* blobs.fetchTo(requested.source.key, source);
        const job = { workspace, source, media: requested.source.media };
        const measured = yield* media.measure({
          ...job,
          onProgress: recogniser === null ? onProgress : (share) => onProgress(shareBefore * share),
        });
        const owner = { ...requested, tenantId };
        const report = yield* storing(owner, requested.analysisId, measured);
        const told = yield* transcribing(owner, requested.analysisId, { ...job, measured, onProgress });
        return { ...report, ...told };
      }, Effect.scoped),
      discard: ({ state: { requested }, tenantId }) =>
        deleteAll(blobs, BlobKey.analyses({ ...requested, tenantId }, requested.analysisId)),
    };
    return yield* makeJobWorker(kind, slots);
  },
);
