import { levelOf, type Spectrogram } from "../signal/Spectrogram.ts";
import { heatMap } from "./ColourMap.ts";
import type { Picture } from "./Picture.ts";
import { resample } from "./Resampling.ts";

/** How a spectrogram is drawn. */
export interface SpectrogramStyle {
  /** In pixels. */
  readonly width: number;
  readonly height: number;
  /** The levels that are told apart, in dB below the loudest. */
  readonly rangeDb: number;
}

/**
 * A spectrogram as a picture: time from left to right, frequency from bottom to top on the mel scale, the lighter the louder. All
 * of the recording is in it.
 */
export const drawSpectrogram = (spectrogram: Spectrogram, style: SpectrogramStyle): Picture => {
  const { columns, bands, frames, framesPerColumn, levels } = spectrogram;
  const { width, height, rangeDb } = style;
  const pixels = new Uint8Array(width * height);
  const loudest = levels.reduce((high, level) => Math.max(high, level), 0);
  if (loudest === 0) return { width, height, palette: heatMap, pixels };
  // The last column holds fewer frames, so it gets fewer pixels.
  const filled = Math.max(1, Math.round(width * columns * framesPerColumn / frames));
  const rows = Array.from({ length: bands }, (_, band) => resample(levels, band, bands, columns, filled));
  const scale = (heatMap.length - 1) / rangeDb, floor = levelOf(loudest) - rangeDb;
  const column = new Float32Array(bands);
  for (let x = 0; x < width; x++) {
    for (let band = 0; band < bands; band++) column[band] = rows[band]![x]!;
    const shades = resample(column, 0, 1, bands, height);
    for (let y = 0; y < height; y++) {
      const shade = (levelOf(shades[height - 1 - y]!) - floor) * scale;
      pixels[y * width + x] = Math.max(0, Math.min(heatMap.length - 1, Math.round(shade)));
    }
  }
  return { width, height, palette: heatMap, pixels };
};
