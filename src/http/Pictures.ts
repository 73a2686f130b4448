import { Effect } from "effect";
import { HttpServerResponse } from "effect/http";
import { fromHex, transparent } from "../../domain/picture/Colour.ts";
import type { Picture } from "../../domain/picture/Picture.ts";
import { drawSpectrogram } from "../../domain/picture/SpectrogramPicture.ts";
import { drawWaveform } from "../../domain/picture/WaveformPicture.ts";
import type { Spectrogram } from "../../domain/signal/Spectrogram.ts";
import type { WaveformPeaks } from "../../domain/signal/WaveformPeaks.ts";
import type { WaveformRms } from "../../domain/signal/WaveformRms.ts";
import { encodePng } from "../../infra/picture/Png.ts";
import type { SpectrogramQuery, WaveformPictureQuery } from "../api/PictureQuery.ts";

const playedByDefault = "2563eb";
const unplayedByDefault = "94a3b8";

/** A waveform as PNG: all of it, or with a zoom as much as fits. */
export const waveformPicture = (
  peaks: WaveformPeaks,
  rms: WaveformRms | null,
  query: WaveformPictureQuery,
  samplesPerPixel: number | undefined,
) => {
  const scale = Number(query.scale ?? 1);
  const width = scale * (query.width ?? 800), height = scale * (query.height ?? 160);
  const stretch = samplesPerPixel === undefined
    ? { firstSample: 0, samplesPerColumn: peaks.length * peaks.samplesPerPixel / width }
    : {
      firstSample: Math.round((query.start ?? 0) * peaks.sampleRate),
      samplesPerColumn: samplesPerPixel / scale,
    };
  return png(drawWaveform(peaks, rms, stretch, {
    width,
    height,
    lineHeight: scale,
    played: fromHex(query.color ?? playedByDefault),
    unplayed: fromHex(query.unplayed ?? unplayedByDefault),
    background: query.background === undefined ? transparent : fromHex(query.background),
    progress: query.progress ?? 1,
  }));
};

/** A spectrogram as PNG. */
export const spectrogramPicture = (spectrogram: Spectrogram, query: SpectrogramQuery) => {
  const scale = Number(query.scale ?? 1);
  return png(drawSpectrogram(spectrogram, {
    width: scale * (query.width ?? 800),
    height: scale * (query.height ?? 256),
    rangeDb: query.range ?? 80,
  }));
};

const png = (picture: Picture) =>
  Effect.map(
    Effect.promise(() => encodePng(picture)),
    (bytes) => HttpServerResponse.uint8Array(bytes, { contentType: "image/png" }),
  );
