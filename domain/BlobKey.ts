import { Schema } from "effect";
import { type AnalysisId, type ConversionId, TenantId, UploadId, UserId } from "./Id.ts";
import type { Cover } from "./media/Cover.ts";
import { type OutputFormat, traits } from "./media/OutputFormat.ts";

/**
 * Where objects live in blob storage. Keys are made of ids, names that the service settled and extensions from a closed
 * list; nothing a client wrote freely reaches a path.
 */
export const BlobKey = Schema.String.check(
  Schema.isPattern(/^[A-Za-z0-9][A-Za-z0-9_.@-]*(\/[A-Za-z0-9][A-Za-z0-9_.@-]*)+$/),
).pipe(Schema.brand("BlobKey"));
export type BlobKey = typeof BlobKey.Type;

const key = Schema.decodeSync(BlobKey);

/** The owner part of every key of an upload. */
export interface Owner {
  readonly tenantId: TenantId;
  readonly userId: UserId;
  readonly uploadId: UploadId;
}

const known = [
  "mp3",
  "m4a",
  "mp4",
  "aac",
  "opus",
  "ogg",
  "oga",
  "flac",
  "wav",
  "aiff",
  "aif",
  "webm",
  "mka",
  "wma",
  "amr",
  "ac3",
  "caf",
  "wv",
];

/** Everything an upload ever stores lies below this prefix; removing it removes the upload's bytes. */
export const prefix = (owner: Owner): string => `${owner.tenantId}/${owner.userId}/audio/${owner.uploadId}/`;

const ownerPath = Schema.decodeUnknownSync(
  Schema.Struct({ tenantId: TenantId, userId: UserId, uploadId: UploadId }),
);

/** Whose upload a key belongs to; throws for a key that was not made here. */
export const ownerOf = (key: BlobKey): Owner => {
  const [tenantId, userId, , uploadId] = key.split("/");
  return ownerPath({ tenantId, userId, uploadId });
};

/** The upload as it came in. The extension of the client's file name is kept only if it is a known one. */
export const original = (owner: Owner, filename: string): BlobKey => {
  const extension = filename.slice(filename.lastIndexOf(".") + 1).toLowerCase();
  return key(`${prefix(owner)}original.${known.includes(extension) ? extension : "bin"}`);
};

/** Everything one conversion stores lies below this prefix. */
export const renditions = (owner: Owner, conversionId: ConversionId): string =>
  `${prefix(owner)}renditions/${conversionId}/`;

/** One output of a conversion. */
export const rendition = (
  owner: Owner,
  conversionId: ConversionId,
  output: { readonly name: string; readonly format: OutputFormat },
): BlobKey => key(`${renditions(owner, conversionId)}${output.name}.${traits[output.format].extension}`);

/** A further file of an output for streaming, by a name that the service settled. */
export const renditionFile = (
  owner: Owner,
  conversionId: ConversionId,
  output: { readonly name: string },
  file: string,
): BlobKey => key(`${renditions(owner, conversionId)}${output.name}/${file}`);

/** The picture that came with a conversion; apart from its renditions, which go when it fails or is cancelled, for it may be retried. */
export const cover = (owner: Owner, conversionId: ConversionId, { mediaType }: Cover): BlobKey =>
  key(`${prefix(owner)}covers/${conversionId}.${mediaType === "image/png" ? "png" : "jpg"}`);

/** Everything one analysis stores lies below this prefix. */
export const analyses = (owner: Owner, analysisId: AnalysisId): string =>
  `${prefix(owner)}analysis/${analysisId}/`;

/** The waveform peaks of an analysis, in audiowaveform's binary format. */
export const waveform = (owner: Owner, analysisId: AnalysisId): BlobKey =>
  key(`${analyses(owner, analysisId)}waveform.dat`);

/** The waveform peaks of each channel, in the same format. */
export const waveformChannels = (owner: Owner, analysisId: AnalysisId): BlobKey =>
  key(`${analyses(owner, analysisId)}waveform-channels.dat`);

/** The level of each pixel of that waveform. */
export const waveformRms = (owner: Owner, analysisId: AnalysisId): BlobKey =>
  key(`${analyses(owner, analysisId)}waveform.rms`);

/** The loudness over time and the beats of an analysis, as JSON. */
export const curves = (owner: Owner, analysisId: AnalysisId): BlobKey =>
  key(`${analyses(owner, analysisId)}curves.json`);

/** The transcript of an analysis, as JSON. */
export const transcript = (owner: Owner, analysisId: AnalysisId): BlobKey =>
  key(`${analyses(owner, analysisId)}transcript.json`);

/** The spectrogram of an analysis. */
export const spectrogram = (owner: Owner, analysisId: AnalysisId): BlobKey =>
  key(`${analyses(owner, analysisId)}spectrogram.bin`);
