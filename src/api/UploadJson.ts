import { Schema } from "effect";
import { Failure } from "../../domain/ErrorCode.ts";
import { Position } from "../../domain/event/RecordedEvent.ts";
import { AnalysisId, ConversionId, TenantId, UploadId, UserId } from "../../domain/Id.ts";
import { JobStatus } from "../../domain/Job.ts";
import { MediaFacts } from "../../domain/media/MediaFacts.ts";
import { OutputWish, Preset } from "../../domain/media/Preset.ts";

/** Links to related resources, by relation. */
export const Links = Schema.Record(Schema.String, Schema.String);

/** What can be asked for together with an upload. The analysis is made unless it is declined. */
export const ProcessRequest = Schema.Struct({
  outputs: Schema.optionalKey(Schema.Array(OutputWish)),
  preset: Schema.optionalKey(Preset),
  analysis: Schema.optionalKey(Schema.Boolean),
});

/** An upload from a URL, with what a form has in its other parts. */
export const UrlUpload = Schema.Struct({
  url: Schema.String,
  /** Instead of the one that the URL's server gives, or that is in the URL. */
  filename: Schema.optionalKey(Schema.String),
  process: Schema.optionalKey(Schema.Json),
  metadata: Schema.optionalKey(Schema.Json),
  userId: Schema.optionalKey(Schema.String),
  sessionId: Schema.optionalKey(Schema.String),
});

/** The answer to a write: the resource, and the log position from which reads will show it. */
export const Accepted = <Id extends Schema.Top>(id: Id) =>
  Schema.Struct({ id, status: Schema.String, position: Position, links: Links });

/** An upload as clients see it. Sizes in bytes, times in RFC 3339 UTC. */
export const UploadJson = Schema.Struct({
  id: UploadId,
  tenantId: TenantId,
  userId: UserId,
  sessionId: Schema.optionalKey(Schema.String),
  filename: Schema.String,
  sizeBytes: Schema.Int,
  sha256: Schema.String,
  status: Schema.Literals(["received", "ready", "rejected", "deleted"]),
  rejection: Schema.optionalKey(Failure),
  media: Schema.optionalKey(MediaFacts),
  conversions: Schema.Array(Schema.Struct({ id: ConversionId, status: JobStatus })),
  analysis: Schema.optionalKey(Schema.Struct({ id: AnalysisId, status: JobStatus })),
  metadata: Schema.Record(Schema.String, Schema.Json),
  createdAt: Schema.DateFromString,
  updatedAt: Schema.DateFromString,
  position: Position,
  links: Links,
});
export type UploadJson = typeof UploadJson.Type;
