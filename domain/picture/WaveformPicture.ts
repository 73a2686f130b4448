import type { WaveformPeaks } from "../signal/WaveformPeaks.ts";
import { RMS_FULL_SCALE, type WaveformRms } from "../signal/WaveformRms.ts";
import { type Colour, faded, over } from "./Colour.ts";
import type { Picture } from "./Picture.ts";

/** How a waveform is drawn. Sizes are in pixels. */
export interface WaveformStyle {
  readonly width: number;
  readonly height: number;
  /** The least that is seen of each column, around the middle: the line that silence leaves. */
  readonly lineHeight: number;
  readonly played: Colour;
  readonly unplayed: Colour;
  readonly background: Colour;
  /** The share of the width that has been played. */
  readonly progress: number;
}

/** What is drawn: a stretch of samples, which may reach beyond the end. */
export interface WaveformStretch {
  readonly firstSample: number;
  readonly samplesPerColumn: number;
}

/** Edges are smoothed in this many steps: a pixel that is half covered is half coloured. */
const STEPS = 8;
const SHADES = (STEPS + 1) ** 2;

/** How opaque the peaks are beside the level inside them. */
const PEAK_OPACITY = 0.5;
const INT16_FULL_SCALE = 32_768;

/**
 * A waveform as a picture: peaks from the lowest to the highest sample, and inside them, stronger, their root mean square where `rms`
 * has it. The channels are one above the other, the first at the top.
 */
export const drawWaveform = (
  peaks: WaveformPeaks,
  rms: WaveformRms | null,
  stretch: WaveformStretch,
  style: WaveformStyle,
): Picture => {
  const { width, height } = style, { channels } = peaks;
  const pixels = new Uint8Array(width * height);
  for (let channel = 0; channel < channels; channel++) {
    const top = Math.round(channel * height / channels),
      bottom = Math.round((channel + 1) * height / channels);
    const lane = pixels.subarray(top * width, bottom * width);
    drawChannel(lane, peaks, channel, rms, stretch, { ...style, height: bottom - top });
  }
  const palette = [style.played, style.unplayed].flatMap((colour) => shades(colour, style.background));
  return { width, height, palette, pixels };
};

const drawChannel = (
  pixels: Uint8Array,
  peaks: WaveformPeaks,
  channel: number,
  rms: WaveformRms | null,
  stretch: WaveformStretch,
  style: WaveformStyle,
): void => {
  const { width, height, lineHeight } = style;
  const middle = height / 2, playedUntil = Math.round(style.progress * width);
  for (let x = 0; x < width; x++) {
    const { lowest, highest, level } = columnOf(peaks, channel, rms, stretch, x);
    const top = Math.min(middle - highest * middle, middle - lineHeight / 2);
    const bottom = Math.max(middle - lowest * middle, middle + lineHeight / 2);
    const levelTop = Math.max(top, middle - level * middle);
    const levelBottom = Math.min(bottom, middle + level * middle);
    const first = x < playedUntil ? 0 : SHADES;
    for (let y = Math.max(0, Math.floor(top)); y < Math.min(height, bottom); y++) {
      const outer = covered(y, top, bottom), inner = Math.min(outer, covered(y, levelTop, levelBottom));
      pixels[y * width + x] = first + outer * (STEPS + 1) + inner;
    }
    if (first > 0) {
      for (let y = 0; y < height; y++) pixels[y * width + x] = Math.max(first, pixels[y * width + x]!);
    }
  }
};

/** The extremes and the level of a column, full scale being 1. */
const columnOf = (
  { samplesPerPixel, channels, length, data }: WaveformPeaks,
  channel: number,
  rms: WaveformRms | null,
  { firstSample, samplesPerColumn }: WaveformStretch,
  x: number,
) => {
  const start = firstSample + x * samplesPerColumn;
  const first = Math.floor(start / samplesPerPixel);
  const end = Math.min(length, Math.max(first + 1, Math.floor((start + samplesPerColumn) / samplesPerPixel)));
  let lowest = Infinity, highest = -Infinity, squares = 0;
  for (let pixel = first; pixel < end; pixel++) {
    const at = 2 * (pixel * channels + channel);
    lowest = Math.min(lowest, data[at]!);
    highest = Math.max(highest, data[at + 1]!);
    squares += (rms?.[pixel] ?? 0) ** 2;
  }
  if (first >= end) return { lowest: 0, highest: 0, level: 0 };
  return {
    lowest: lowest / INT16_FULL_SCALE,
    highest: highest / INT16_FULL_SCALE,
    level: Math.sqrt(squares / (end - first)) / RMS_FULL_SCALE,
  };
};

/** How much of a pixel lies between two edges, in steps. */
const covered = (y: number, top: number, bottom: number): number =>
  Math.round(STEPS * Math.max(0, Math.min(y + 1, bottom) - Math.max(y, top)));

/** The colours of pixels that are covered by peaks, and by levels inside them, in every number of steps. */
const shades = (colour: Colour, background: Colour): ReadonlyArray<Colour> =>
  Array.from({ length: SHADES }, (_, shade) => {
    const outer = Math.floor(shade / (STEPS + 1)), inner = shade % (STEPS + 1);
    const peak = over(faded(colour, PEAK_OPACITY * (outer - inner) / STEPS), background);
    return over(faded(colour, inner / STEPS), peak);
  });
