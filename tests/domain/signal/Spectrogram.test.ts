import { assert, describe, it } from "@effect/vitest";
import { Result } from "effect";
import {
  decodeSpectrogram,
  encodeSpectrogram,
  levelOf,
  type Spectrogram,
  SpectrogramMeter,
} from "../../../domain/signal/Spectrogram.ts";

const bins = 65;
const binWidth = 8_000 / 128;

/** A spectrogram of frames of which each has the given power in one bin. */
const measure = (frames: ReadonlyArray<readonly [bin: number, power: number]>): Spectrogram => {
  const meter = new SpectrogramMeter(8_000, binWidth, bins, 1);
  for (const [bin, power] of frames) {
    const spectrum = new Float64Array(bins);
    spectrum[bin] = power;
    meter.push(spectrum);
  }
  return meter.finish();
};

const column = ({ levels, bands }: Spectrogram, at: number) =>
  Array.from(levels.subarray(at * bands, (at + 1) * bands), levelOf);

/** The power of a column in all bands. */
const total = (levels: ReadonlyArray<number>) =>
  levels.reduce((sum, level) => level <= -120 ? sum : sum + 10 ** (level / 10), 0);

describe("a spectrogram", () => {
  it("has a column for each frame, with the power where it is", () => {
    const spectrogram = measure([[5, 0.1], [50, 0.001], [0, 0]]);
    assert.deepInclude(spectrogram, { columns: 3, frames: 3, framesPerColumn: 1, highestHz: 4_000 });
    const [low = [], high = [], none = []] = [0, 1, 2].map((at) => column(spectrogram, at));
    assert.approximately(total(low), 0.1, 0.01);
    assert.approximately(total(high), 0.001, 0.0001);
    assert.strictEqual(total(none), 0);
    const loudest = (levels: ReadonlyArray<number>) => levels.indexOf(Math.max(...levels));
    assert.isBelow(loudest(low), spectrogram.bands / 4);
    assert.isAbove(loudest(high), spectrogram.bands * 3 / 4);
  });

  it("merges columns instead of growing without end", () => {
    const loud = [20, 0.01] as const, quiet = [20, 0] as const;
    const whole = Array.from({ length: 5_001 }, (_, i) => i < 2_500 ? loud : quiet);
    const spectrogram = measure(whole);
    const { columns, framesPerColumn, frames, levels, bands } = spectrogram;
    assert.deepStrictEqual({ columns, framesPerColumn, frames }, {
      columns: 1_251,
      framesPerColumn: 4,
      frames: 5_001,
    });
    assert.strictEqual(levels.length, columns * bands);
    const powers = Array.from({ length: columns }, (_, at) => total(column(spectrogram, at)));
    for (const at of [0, 300, 624]) assert.approximately(powers[at] ?? NaN, 0.01, 0.001);
    for (const at of [625, 1_250]) assert.strictEqual(powers[at], 0);
  });

  it("gives the last column the mean of as many frames as it has", () => {
    const spectrogram = measure(Array.from({ length: 2_049 }, () => [20, 0.01] as const));
    assert.deepStrictEqual([spectrogram.columns, spectrogram.framesPerColumn], [1_025, 2]);
    assert.deepStrictEqual(column(spectrogram, 1_024), column(spectrogram, 0));
  });

  it("is read from its stored form as it was written", () => {
    const spectrogram = measure([[5, 0.1], [50, 0.001]]);
    assert.deepStrictEqual(Result.getOrThrow(decodeSpectrogram(encodeSpectrogram(spectrogram))), spectrogram);
  });

  it("is not read from bytes that are something else, or cut off", () => {
    const bytes = encodeSpectrogram(measure([[5, 0.1]]));
    const reasonOf = (of: Uint8Array<ArrayBuffer>) =>
      Result.getOrThrow(Result.flip(decodeSpectrogram(of))).reason;
    assert.strictEqual(reasonOf(bytes.slice(0, 20)), "Truncated");
    assert.strictEqual(reasonOf(bytes.slice(0, -1)), "Truncated");
    bytes[0] = 9;
    assert.strictEqual(reasonOf(bytes), "UnsupportedVersion");
  });
});
