import type { AnalysisRow } from "../../services/projections/AnalysesProjection.ts";
import type { ConversionRow } from "../../services/projections/ConversionsProjection.ts";
import type { UploadRow } from "../../services/projections/UploadsProjection.ts";
import type { AnalysisJson } from "../api/AnalysisJson.ts";
import type { ConversionJson } from "../api/ConversionJson.ts";
import type { UploadJson } from "../api/UploadJson.ts";

const root = "/api/v1";

/** Where things are found. */
export const links = {
  upload: (id: string) => ({
    self: `${root}/uploads/${id}`,
    content: `${root}/uploads/${id}/content`,
    conversions: `${root}/uploads/${id}/conversions`,
    analysis: `${root}/uploads/${id}/analysis`,
    waveform: `${root}/uploads/${id}/waveform`,
  }),
  conversion: (id: string, uploadId: string) => ({
    self: `${root}/conversions/${id}`,
    upload: `${root}/uploads/${uploadId}`,
  }),
  output: (id: string, name: string) => ({ content: `${root}/conversions/${id}/outputs/${name}` }),
  analysis: (uploadId: string) => ({
    self: `${root}/uploads/${uploadId}/analysis`,
    upload: `${root}/uploads/${uploadId}`,
    curves: `${root}/uploads/${uploadId}/analysis/curves`,
    waveform: `${root}/uploads/${uploadId}/waveform`,
    spectrogram: `${root}/uploads/${uploadId}/spectrogram`,
    transcript: `${root}/uploads/${uploadId}/transcript`,
  }),
};

/** An upload as JSON, with the jobs that were made for it. It is ready when those are there that it asked for: who waits for it finds them. */
export const presentUpload = (
  row: UploadRow,
  conversions: ReadonlyArray<ConversionRow>,
  analysis: AnalysisRow | undefined,
): UploadJson => {
  const { key: _key, contentType: _contentType, foldedName: _folded, ...known } = row;
  const { sessionId, rejection, media, asksForConversion, asksForAnalysis, ...shown } = known;
  const isAnswered = (!asksForConversion || conversions.length > 0) && (!asksForAnalysis || analysis);
  return {
    ...shown,
    ...(row.status === "ready" && !isAnswered && { status: "received" }),
    ...(sessionId !== null && { sessionId }),
    ...(rejection !== null && { rejection }),
    ...(media !== null && { media }),
    conversions: conversions.map(({ id, status }) => ({ id, status })),
    ...(analysis && { analysis: { id: analysis.id, status: analysis.status } }),
    links: links.upload(row.id),
  };
};

/** A conversion as JSON. */
export const presentConversion = (row: ConversionRow): ConversionJson => ({
  ...presentJob(row),
  id: row.id,
  outputs: row.requested.map(({ name, format }) => {
    const rendered = row.rendered.find((output) => output.name === name);
    const failed = row.failed.find((output) => output.name === name);
    return {
      name,
      format,
      status: failed ? "failed" : row.status,
      progress: row.progress,
      sizeBytes: rendered?.sizeBytes ?? null,
      durationSeconds: rendered?.durationSeconds ?? null,
      sampleRate: rendered?.sampleRate ?? null,
      channels: rendered?.channels ?? null,
      sha256: rendered?.sha256 ?? null,
      ...(rendered?.loudness && { loudness: rendered.loudness }),
      ...(failed && { error: failed.reason }),
      links: links.output(row.id, name),
    };
  }),
  links: links.conversion(row.id, row.uploadId),
});

/** An analysis as JSON; `checksum` is that of its upload. */
export const presentAnalysis = (row: AnalysisRow, checksum: string): AnalysisJson => {
  const { report } = row;
  const waveform = report && report.waveform;
  const transcript = report && report.transcript;
  const shownLinks = links.analysis(row.uploadId);
  return {
    ...presentJob(row),
    id: row.id,
    decodedSeconds: report?.decodedSeconds ?? null,
    loudness: report?.loudness ?? null,
    tempo: report?.tempo ?? null,
    key: report?.key ?? null,
    signal: report?.signal ?? null,
    waveform: waveform && {
      sampleRate: waveform.sampleRate,
      samplesPerPixel: waveform.samplesPerPixel,
      length: waveform.length,
      channels: waveform.channels && waveform.channels.count,
      links: {
        json: shownLinks.waveform,
        dat: `${shownLinks.waveform}?format=dat`,
        png: `${shownLinks.waveform}?format=png`,
      },
    },
    transcript: transcript && {
      language: transcript.language,
      recogniser: transcript.recogniser,
      segments: transcript.segments,
      links: {
        json: shownLinks.transcript,
        vtt: `${shownLinks.transcript}?format=vtt`,
        srt: `${shownLinks.transcript}?format=srt`,
      },
    },
    warnings: report?.warnings ?? [],
    checksum,
    analyserVersion: report?.analyserVersion ?? null,
    errors: report?.errors ?? {},
    links: shownLinks,
  };
};

const presentJob = (
  { uploadId, status, progress, attempt, error, queuedAt, startedAt, finishedAt }:
    | ConversionRow
    | AnalysisRow,
) => ({
  uploadId,
  status,
  progress,
  attempt,
  ...(error !== null && { error }),
  queuedAt,
  startedAt,
  finishedAt,
});
