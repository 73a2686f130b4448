import { Schema } from "effect";
import { AnalysisWarning, LoudnessReport, SignalFacts } from "../../domain/analysis/AnalysisReport.ts";
import { Failure } from "../../domain/ErrorCode.ts";
import { AnalysisId, UploadId } from "../../domain/Id.ts";
import { JobStatus } from "../../domain/Job.ts";
import { Links } from "./UploadJson.ts";

/** An analysis as clients see it: the measurements are `null` until it is completed. */
export const AnalysisJson = Schema.Struct({
  id: AnalysisId,
  uploadId: UploadId,
  status: JobStatus,
  progress: Schema.NullOr(Schema.Finite),
  attempt: Schema.Int,
  decodedSeconds: Schema.NullOr(Schema.Finite),
  loudness: Schema.NullOr(LoudnessReport),
  signal: Schema.NullOr(SignalFacts),
  waveform: Schema.NullOr(
    Schema.Struct({ sampleRate: Schema.Int, samplesPerPixel: Schema.Int, length: Schema.Int, links: Links }),
  ),
  warnings: Schema.Array(AnalysisWarning),
  analyserVersion: Schema.NullOr(Schema.Int),
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
