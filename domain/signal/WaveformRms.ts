import type { NumberSink } from "./NumberBlocks.ts";

/** The root mean square of each pixel of a waveform, mixed to mono, full scale being 65,535. */
export type WaveformRms = Uint16Array<ArrayBuffer>;

export const RMS_FULL_SCALE = 65_535;

/** Streaming meter of the level of each pixel: what lies inside the peaks of a waveform of as many samples a pixel. Levels go to a sink. */
export class WaveformRmsMeter {
  readonly #channels: number;
  readonly #samplesPerPixel: number;
  readonly #levels: NumberSink;
  /** Frames in the open pixel, and the squares of their sums. */
  #open = 0;
  #squares = 0;

  constructor(channels: number, levels: NumberSink, samplesPerPixel: number = 256) {
    this.#channels = channels;
    this.#levels = levels;
    this.#samplesPerPixel = samplesPerPixel;
  }

  /** Adds the first `frames` frames of an interleaved buffer. Samples must be finite. */
  push(interleaved: Float32Array, frames: number): void {
    const channels = this.#channels;
    for (let offset = 0; offset < frames;) {
      const count = Math.min(frames - offset, this.#samplesPerPixel - this.#open);
      let squares = this.#squares;
      const end = (offset + count) * channels;
      for (let i = offset * channels; i < end;) {
        let sum = 0;
        for (const next = i + channels; i < next; i++) sum += interleaved[i]!;
        squares += sum * sum;
      }
      this.#squares = squares;
      this.#open += count;
      offset += count;
      if (this.#open === this.#samplesPerPixel) this.#closePixel();
    }
  }

  /** Closes the last pixel, perhaps of fewer frames. Nothing may be pushed afterwards. */
  finish(): void {
    if (this.#open > 0) this.#closePixel();
  }

  #closePixel(): void {
    const level = Math.sqrt(this.#squares / this.#open) / this.#channels;
    this.#levels.push(Math.min(RMS_FULL_SCALE, Math.round(level * RMS_FULL_SCALE)));
    this.#open = 0;
    this.#squares = 0;
  }
}

/** Reads the stored form, 16 bits a pixel as `littleEndian` has them; an odd byte at its end is ignored. */
export const decodeRms = (bytes: Uint8Array): WaveformRms => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Uint16Array.from({ length: bytes.length >> 1 }, (_, pixel) => view.getUint16(2 * pixel, true));
};
