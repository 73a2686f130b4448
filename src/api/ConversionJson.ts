import { Schema } from "effect";
import { Failure } from "../../domain/ErrorCode.ts";
import { ConversionId, UploadId } from "../../domain/Id.ts";
import { JobStatus } from "../../domain/Job.ts";
import { LoudnessResult } from "../../domain/media/Loudness.ts";
import { OutputFormat } from "../../domain/media/OutputFormat.ts";
import { Links } from "./UploadJson.ts";

/** One output of a conversion; sizes, duration and hash are `null` until it is there. Of `hls` and `dash` they are of all files. */
export const OutputJson = Schema.Struct({
  name: Schema.String,
  format: OutputFormat,
  status: JobStatus,
  /** 0 to 1, 1 when it is done: the outputs of a conversion are rendered together. */
  progress: Schema.NullOr(Schema.Finite),
  sizeBytes: Schema.NullOr(Schema.Int),
  durationSeconds: Schema.NullOr(Schema.Finite),
  sampleRate: Schema.NullOr(Schema.Int),
  channels: Schema.NullOr(Schema.Int),
  sha256: Schema.NullOr(Schema.String),
  /** What was done about its loudness, where that was asked for. */
  loudness: Schema.optionalKey(LoudnessResult),
  /** Why this one failed, though others did not. */
  error: Schema.optionalKey(Failure),
  links: Links,
});

/** A conversion as clients see it. */
export const ConversionJson = Schema.Struct({
  id: ConversionId,
  uploadId: UploadId,
  status: JobStatus,
  progress: Schema.NullOr(Schema.Finite),
  attempt: Schema.Int,
  outputs: Schema.Array(OutputJson),
  error: Schema.optionalKey(Failure),
  queuedAt: Schema.DateFromString,
  startedAt: Schema.NullOr(Schema.DateFromString),
  finishedAt: Schema.NullOr(Schema.DateFromString),
  links: Links,
});
export type ConversionJson = typeof ConversionJson.Type;
