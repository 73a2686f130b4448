import { Effect, Stream } from "effect";
import { AnalysisCurves } from "../../domain/analysis/AnalysisCurves.ts";
import type { AnalysisReport } from "../../domain/analysis/AnalysisReport.ts";
import * as BlobKey from "../../domain/BlobKey.ts";
import type { AnalysisId } from "../../domain/Id.ts";
import type { Transcript } from "../../domain/transcript/Transcript.ts";
import type { BlobStore } from "../BlobStore.ts";
import type { Measurement, UnstoredWaveform } from "../MediaEngine.ts";
import { readJson } from "../StoredJson.ts";

/** Stores what lies beside the report of an analysis; each answers what the report says of it. */
export const storeOf = (blobs: BlobStore["Service"], owner: BlobKey.Owner, id: AnalysisId) => {
  const file = (key: BlobKey.BlobKey, path: string) => Effect.as(blobs.putFile(key, path), key);

  const text = (key: BlobKey.BlobKey, content: unknown) =>
    Effect.as(blobs.put(key, Stream.encodeText(Stream.make(JSON.stringify(content)))), key);

  const storeWaveform = Effect.fnUntraced(function* (
    { path, rmsPath, channels, ...waveform }: UnstoredWaveform,
  ) {
    const key = yield* file(BlobKey.waveform(owner, id), path);
    return {
      ...waveform,
      key,
      rmsKey: yield* file(BlobKey.waveformRms(owner, id), rmsPath),
      channels: channels && {
        key: channels.path === path ? key : yield* file(BlobKey.waveformChannels(owner, id), channels.path),
        count: channels.count,
      },
    };
  });

  /** With what was not measured as it was before. */
  const storeCurves = Effect.fnUntraced(function* (
    curves: Measurement["curves"],
    before: AnalysisReport["curves"],
  ) {
    const count = Object.keys(curves).length;
    if (count === 0) return null;
    const isWhole = count === Object.keys(AnalysisCurves.fields).length;
    const kept = isWhole || before === null ? {} : yield* readJson(blobs, before.key, AnalysisCurves);
    return { key: yield* text(BlobKey.curves(owner, id), { ...kept, ...curves }) };
  });

  return {
    measurement: Effect.fnUntraced(function* (
      { waveform, curves, spectrogram, ...measured }: Measurement,
      earlier: AnalysisReport | null,
    ) {
      return {
        ...measured,
        waveform: waveform && (yield* storeWaveform(waveform)),
        curves: yield* storeCurves(curves, earlier && earlier.curves),
        spectrogram: spectrogram &&
          { key: yield* file(BlobKey.spectrogram(owner, id), spectrogram.path) },
        transcript: null,
      } satisfies AnalysisReport;
    }),
    transcript: Effect.fnUntraced(function* (transcript: Transcript) {
      const { language, recogniser, segments } = transcript;
      const key = yield* text(BlobKey.transcript(owner, id), transcript);
      return { key, language, recogniser, segments: segments.length };
    }),
  };
};
