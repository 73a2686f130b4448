import type { AnalysisRequested } from "../../domain/analysis/Analysis.ts";
import type { AnalysisReport } from "../../domain/analysis/AnalysisReport.ts";
import * as BlobKey from "../../domain/BlobKey.ts";
import type { ConversionRequested, RenderedOutput } from "../../domain/conversion/Conversion.ts";
import type { Failure } from "../../domain/ErrorCode.ts";
import type { DomainEvent } from "../../domain/event/DomainEvent.ts";
import { currentVersion } from "../../domain/event/EventVersions.ts";
import { Position, type RecordedEvent } from "../../domain/event/RecordedEvent.ts";
import * as Id from "../../domain/Id.ts";
import type { MediaFacts } from "../../domain/media/MediaFacts.ts";
import { UploadReceived } from "../../domain/upload/Upload.ts";
import type { Append } from "../../services/EventStore.ts";
import { randomBytes } from "node:crypto";

const epoch = Date.UTC(2026, 0, 1);
let made = 0;

/** A new id; ids sort in the order in which they are made. */
export const newId = <P extends Id.Prefix>(prefix: P): Id.IdOf<P> =>
  Id.make(prefix, epoch + made++, randomBytes(10));

/** A tenant that no other test knows, so that tests can share a database. */
export const newTenant = (): Id.TenantId => Id.TenantId.make(`tenant-${randomBytes(6).toString("hex")}`);

export const user = Id.UserId.make("user-1");

export const media: MediaFacts = {
  container: "mp3",
  codec: "mp3",
  durationSeconds: 61.25,
  sampleRate: 44_100,
  channels: 2,
  bitRate: 192_000,
  tags: { title: "A song" },
};

export const encoder = "ffmpeg 7.1.1";

export const failure: Failure = { code: "DECODE_FAILED", detail: "No frame was found", stage: "decode" };

/** An upload as it comes in, with whatever a test wants to be different. */
export const receivedBy = (
  tenantId: Id.TenantId,
  changes: Partial<Omit<typeof UploadReceived.Type, "_tag" | "key">> = {},
): typeof UploadReceived.Type => {
  const { uploadId = newId("upl"), userId = user, filename = "song.mp3" } = changes;
  return UploadReceived.make({
    uploadId,
    userId,
    sessionId: null,
    filename,
    contentType: "audio/mpeg",
    key: BlobKey.original({ tenantId, userId, uploadId }, filename),
    sizeBytes: 3,
    sha256: "a".repeat(64),
    process: { outputs: [], analysis: false },
    metadata: {},
    ...changes,
  });
};

/** A conversion of an upload to one output, as it is asked for. */
export const conversionOf = (
  { uploadId, userId, key }: typeof UploadReceived.Type,
  conversionId = newId("cnv"),
): typeof ConversionRequested.Type => ({
  _tag: "ConversionRequested",
  conversionId,
  uploadId,
  userId,
  source: { key, media },
  outputs: [{ name: "small", format: "mp3", bitrateKbps: 64 }],
});

/** What that conversion may have rendered. */
export const renderedOf = (
  tenantId: Id.TenantId,
  requested: typeof ConversionRequested.Type,
): RenderedOutput => ({
  name: "small",
  format: "mp3",
  key: BlobKey.rendition({ tenantId, ...requested }, requested.conversionId, {
    name: "small",
    format: "mp3",
  }),
  sizeBytes: 490_000,
  sha256: "b".repeat(64),
  durationSeconds: 61.257,
  sampleRate: 44_100,
  channels: 2,
  loudness: null,
});

/** An analysis of an upload, as it is asked for. */
export const analysisOf = (
  { uploadId, userId, key }: typeof UploadReceived.Type,
  analysisId = newId("anl"),
): typeof AnalysisRequested.Type => ({
  _tag: "AnalysisRequested",
  analysisId,
  uploadId,
  userId,
  source: { key, media },
});

/** What an analysis of an upload may have measured. */
export const reportOn = (owner: BlobKey.Owner, analysisId: Id.AnalysisId): AnalysisReport => ({
  decodedSeconds: 61.2,
  loudness: {
    integratedLufs: -14.3,
    rangeLu: 5.1,
    truePeakDbtp: -0.2,
    samplePeakDbfs: -0.4,
    threshold: -24.5,
    maxMomentaryLufs: null,
    maxShortTermLufs: null,
  },
  tempo: { bpm: 120.02, confidence: 0.94, candidates: [{ bpm: 120.02, strength: 0.81 }] },
  key: {
    tonic: "A",
    mode: "minor",
    name: "A minor",
    confidence: 0.88,
    candidates: [{ tonic: "A", mode: "minor", strength: 0.9 }],
    tuningCents: -3,
  },
  signal: {
    silent: false,
    silences: [{ start: 0, end: 1.5 }],
    clippedSamples: 0,
    dcOffset: 0.001,
    rmsDbfs: -17.2,
    crestDb: 16.8,
    stereoCorrelation: 0.72,
    balanceDb: -0.4,
    spectrum: null,
  },
  waveform: {
    key: BlobKey.waveform(owner, analysisId),
    rmsKey: BlobKey.waveformRms(owner, analysisId),
    channels: { key: BlobKey.waveformChannels(owner, analysisId), count: 2 },
    sampleRate: 44_100,
    samplesPerPixel: 256,
    length: 10_551,
  },
  curves: { key: BlobKey.curves(owner, analysisId) },
  spectrogram: null,
  transcript: null,
  warnings: ["CLIPPED"],
  analyserVersion: { loudness: 2, tempo: 1, key: 1, signal: 2, waveform: 2, transcript: 0 },
  errors: { signal: "The spectrum could not be measured" },
});

/** The append of a command that led to these events; `changes` replaces parts of it. */
export const appendOf = (
  tenantId: Id.TenantId,
  streamId: string,
  expectedVersion: number,
  events: ReadonlyArray<DomainEvent>,
  changes: Partial<Pick<Append, "fingerprint" | "rejection" | "deadline"> & Append["context"]> = {},
): Append => {
  const { fingerprint = "fingerprint", rejection = null, deadline = null, ...context } = changes;
  const { commandId = newId("cmd") } = changes;
  return {
    streamId,
    expectedVersion,
    events: events.map((event) => ({ eventId: newId("evt"), event })),
    fingerprint,
    rejection,
    deadline,
    context: {
      tenantId,
      correlationId: commandId,
      causationId: null,
      traceparent: null,
      issuedAt: new Date(epoch + made),
      ...context,
      commandId,
    },
  };
};

/** The time at which `recorded` says that the event at a position was recorded. */
export const recordedAt = (position: number): Date => new Date(epoch + position * 1_000 + 123);

/** Events as the log would hold them from a position on, one second apart. */
export const recorded = (
  tenantId: Id.TenantId,
  events: ReadonlyArray<DomainEvent>,
  firstPosition = 1,
): ReadonlyArray<RecordedEvent> =>
  events.map((event, index) => ({
    position: Position.make(firstPosition + index),
    streamId: `${tenantId}/stream`,
    version: index + 1,
    eventId: newId("evt"),
    schemaVersion: currentVersion(event._tag),
    tenantId,
    commandId: newId("cmd"),
    correlationId: newId("cmd"),
    causationId: null,
    traceparent: null,
    recordedAt: recordedAt(firstPosition + index),
    event,
  }));
