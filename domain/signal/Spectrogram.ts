import { Result, Schema } from "effect";
import { FrequencyBands, melEdges } from "./FrequencyBands.ts";

/**
 * The level of each band of a signal over its time, in steps of half a dB from −120 dB (relative to a mean square of 1) on. The
 * bands are equally wide on the mel scale.
 */
export interface Spectrogram {
  readonly lowestHz: number;
  readonly highestHz: number;
  readonly bands: number;
  /** Columns of `framesPerColumn` frames of equal length; the last may hold fewer. */
  readonly columns: number;
  readonly framesPerColumn: number;
  readonly frames: number;
  /** Column after column, the lowest band first. */
  readonly levels: Uint8Array<ArrayBuffer>;
}

/** The level in dB of a stored value. */
export const levelOf = (value: number): number => value / STEPS_PER_DB + LOWEST_DB;

/** Why bytes are not a spectrogram. */
export class SpectrogramDataError extends Schema.TaggedError<SpectrogramDataError>()("SpectrogramDataError", {
  reason: Schema.Literals(["Truncated", "UnsupportedVersion"]),
}) {}

const BANDS = 160;
const LOWEST_HZ = 30;
const HIGHEST_HZ = 20_000;
const LOWEST_DB = -120;
const STEPS_PER_DB = 2;

/** Enough for a wide screen; a power of two, since columns are merged in pairs. */
const MAX_COLUMNS = 2_048;

/**
 * Makes a spectrogram of power spectra, one for each frame. Memory is bounded: when there are too many columns, each two become
 * one, and from then on hold twice as many frames.
 */
export class SpectrogramMeter {
  readonly #highestHz: number;
  readonly #bands: FrequencyBands;
  readonly #sums = new Float32Array(MAX_COLUMNS * BANDS);
  #framesPerColumn: number;
  #frames = 0;

  /** The spectra have `bins` bins, `binWidth` Hz apart; a column never holds fewer frames than `framesPerColumn`. */
  constructor(sampleRate: number, binWidth: number, bins: number, framesPerColumn: number) {
    this.#framesPerColumn = framesPerColumn;
    this.#highestHz = Math.min(HIGHEST_HZ, sampleRate / 2);
    this.#bands = new FrequencyBands(melEdges(LOWEST_HZ, this.#highestHz, BANDS), binWidth, bins);
  }

  /** Adds the power spectrum of the next frame. */
  push(power: Float64Array): void {
    if (this.#frames === MAX_COLUMNS * this.#framesPerColumn) this.#mergePairs();
    const column = Math.floor(this.#frames / this.#framesPerColumn);
    this.#bands.add(power, this.#sums, column * BANDS);
    this.#frames++;
  }

  /** The spectrogram of all frames so far. */
  finish(): Spectrogram {
    const frames = this.#frames, framesPerColumn = this.#framesPerColumn;
    const columns = Math.ceil(frames / framesPerColumn);
    const levels = new Uint8Array(columns * BANDS);
    for (let i = 0; i < levels.length; i++) {
      const inColumn = Math.min(framesPerColumn, frames - Math.floor(i / BANDS) * framesPerColumn);
      const level = 10 * Math.log10(this.#sums[i]! / inColumn);
      levels[i] = Math.max(0, Math.min(255, Math.round((level - LOWEST_DB) * STEPS_PER_DB)));
    }
    const highestHz = this.#highestHz;
    return { lowestHz: LOWEST_HZ, highestHz, bands: BANDS, columns, framesPerColumn, frames, levels };
  }

  #mergePairs(): void {
    const sums = this.#sums;
    for (let column = 0; column < MAX_COLUMNS / 2; column++) {
      for (let band = 0; band < BANDS; band++) {
        const pair = 2 * column * BANDS + band;
        sums[column * BANDS + band] = sums[pair]! + sums[pair + BANDS]!;
      }
    }
    sums.fill(0, sums.length / 2);
    this.#framesPerColumn *= 2;
  }
}

const HEADER_BYTES = 28;
const VERSION = 1;

/** The stored form: version, bands, columns, frames in a column, frames, lowest and highest Hz (32 bits each), then the levels. */
export const encodeSpectrogram = (spectrogram: Spectrogram): Uint8Array<ArrayBuffer> => {
  const { bands, columns, framesPerColumn, frames, lowestHz, highestHz, levels } = spectrogram;
  const bytes = new Uint8Array(HEADER_BYTES + levels.length);
  const view = new DataView(bytes.buffer);
  [VERSION, bands, columns, framesPerColumn, frames].forEach((value, i) =>
    view.setUint32(4 * i, value, true)
  );
  view.setFloat32(20, lowestHz, true);
  view.setFloat32(24, highestHz, true);
  bytes.set(levels, HEADER_BYTES);
  return bytes;
};

/** Reads the stored form. */
export const decodeSpectrogram = (
  bytes: Uint8Array<ArrayBuffer>,
): Result.Result<Spectrogram, SpectrogramDataError> => {
  if (bytes.length < HEADER_BYTES) return Result.fail(new SpectrogramDataError({ reason: "Truncated" }));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const word = (index: number) => view.getUint32(4 * index, true);
  if (word(0) !== VERSION) return Result.fail(new SpectrogramDataError({ reason: "UnsupportedVersion" }));
  const bands = word(1), columns = word(2);
  const levels = bytes.subarray(HEADER_BYTES, HEADER_BYTES + bands * columns);
  if (levels.length < bands * columns) return Result.fail(new SpectrogramDataError({ reason: "Truncated" }));
  return Result.succeed({
    bands,
    columns,
    framesPerColumn: word(3),
    frames: word(4),
    lowestHz: view.getFloat32(20, true),
    highestHz: view.getFloat32(24, true),
    levels,
  });
};
