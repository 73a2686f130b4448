import { NumberBlocks } from "../../../domain/signal/NumberBlocks.ts";
import type { WaveformPeaks, WaveformSize } from "../../../domain/signal/WaveformPeaks.ts";
import type { WaveformRms } from "../../../domain/signal/WaveformRms.ts";

/** The pixels of a waveform, kept in memory. */
export interface Pixels {
  readonly mix: WaveformPeaks;
  readonly apart: WaveformPeaks;
  readonly rms: WaveformRms;
}

/** Sinks for the pixels of a waveform, and what they hold in the end. */
export const keepPixels = (channels: number) => {
  const mix = new NumberBlocks((length) => new Int16Array(length));
  const apart = new NumberBlocks((length) => new Int16Array(length));
  const rms = new NumberBlocks((length) => new Uint16Array(length));
  return {
    mix,
    apart,
    rms,
    take: (size: WaveformSize): Pixels => ({
      mix: { ...size, channels: 1, data: mix.take() },
      apart: { ...size, channels, data: apart.take() },
      rms: rms.take(),
    }),
  };
};
