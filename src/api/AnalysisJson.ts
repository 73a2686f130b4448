import { Schema } from "effect";
import { AnalyserVersions, AnalysisErrors } from "../../domain/analysis/AnalysisPart.ts";
import { LoudnessReport, SignalFacts, TranscriptRef } from "../../domain/analysis/AnalysisReport.ts";
import { AnalysisWarning } from "../../domain/analysis/AnalysisWarning.ts";
import { MusicalKey } from "../../domain/analysis/MusicalKey.ts";
import { Tempo } from "../../domain/analysis/Tempo.ts";
import { Failure } from "../../domain/ErrorCode.ts";
import { AnalysisId, UploadId } from "../../domain/Id.ts";
import { JobStatus } from "../../domain/Job.ts";
import { Links } from "./UploadJson.ts";

/** An analysis as clients see it: the measurements are `null` until it is completed, and where there is nothing to measure. */
export const AnalysisJson = Schema.Struct({
  id: AnalysisId,
  uploadId: UploadId,
  status: JobStatus,
  progress: Schema.NullOr(Schema.Finite),
  attempt: Schema.Int,
  decodedSeconds: Schema.NullOr(Schema.Finite),
  loudness: Schema.NullOr(LoudnessReport),
  tempo: Schema.NullOr(Tempo),
  key: Schema.NullOr(MusicalKey),
  signal: Schema.NullOr(SignalFacts),
  waveform: Schema.NullOr(
    Schema.Struct({
      sampleRate: Schema.Int,
      samplesPerPixel: Schema.Int,
      length: Schema.Int,
      /** How many channels can be had apart; `null` where none can. */
      channels: Schema.NullOr(Schema.Int),
      links: Links,
    }),
  ),
  /** Where the transcript is, in each format; it may be too long to be a part of this answer. */
  transcript: Schema.NullOr(
    Schema.Struct({
      language: TranscriptRef.fields.language,
      recogniser: TranscriptRef.fields.recogniser,
      segments: TranscriptRef.fields.segments,
      links: Links,
    }),
  ),
  warnings: Schema.Array(AnalysisWarning),
  /** SHA-256 of the upload that was analysed. */
  checksum: Schema.String,
  analyserVersion: Schema.NullOr(AnalyserVersions),
  /** Why parts of a completed analysis could not be measured, by their names; not of those that are null because there is nothing to tell. */
  errors: AnalysisErrors,
  error: Schema.optionalKey(Failure),
  queuedAt: Schema.DateFromString,
  startedAt: Schema.NullOr(Schema.DateFromString),
  finishedAt: Schema.NullOr(Schema.DateFromString),
  links: Links,
});
export type AnalysisJson = typeof AnalysisJson.Type;

/** Waveform peaks in the JSON format of audiowaveform, version 2. */
export const WaveformJson = Schema.Struct({
  version: Schema.Int,
  channels: Schema.Int,
  sample_rate: Schema.Int,
  samples_per_pixel: Schema.Int,
  bits: Schema.Int,
  length: Schema.Int,
  data: Schema.Array(Schema.Int),
});
