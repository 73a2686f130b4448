import { assert, describe, it } from "@effect/vitest";
import { drawSpectrogram } from "../../../domain/picture/SpectrogramPicture.ts";
import type { Spectrogram } from "../../../domain/signal/Spectrogram.ts";

/** Two columns of four bands. */
const spectrogram: Spectrogram = {
  lowestHz: 30,
  highestHz: 4_000,
  bands: 4,
  columns: 2,
  framesPerColumn: 1,
  frames: 2,
  levels: Uint8Array.of(200, 0, 0, 0, 0, 0, 0, 180),
};

const rows = (of: Spectrogram, width: number, height: number, rangeDb = 80) => {
  const { pixels } = drawSpectrogram(of, { width, height, rangeDb });
  return Array.from({ length: height }, (_, y) => Array.from(pixels.subarray(y * width, (y + 1) * width)));
};

describe("a picture of a spectrogram", () => {
  it("has low frequencies at the bottom, and time from left to right", () => {
    // 10 dB below the loudest: 7/8 of the range.
    assert.deepStrictEqual(rows(spectrogram, 2, 4), [[0, 223], [0, 0], [0, 0], [255, 0]]);
  });

  it("has darkness for all that is further below the loudest than the range", () => {
    assert.deepStrictEqual(rows(spectrogram, 2, 4, 10)[0], [0, 0]);
    assert.deepStrictEqual(rows(spectrogram, 2, 4, 40)[0], [0, 191]);
  });

  it("is stretched smoothly", () => {
    const bottom = rows(
      { ...spectrogram, levels: Uint8Array.of(200, 200, 200, 200, 40, 40, 40, 40) },
      8,
      4,
    )[3]!;
    assert.deepStrictEqual([bottom[0], bottom[7]], [255, 0]);
    for (let x = 1; x < 8; x++) assert.isAtMost(bottom[x]!, bottom[x - 1]!);
    assert.isAbove(bottom[4]!, 0);
  });

  it("is shrunk to means", () => {
    const levels = Uint8Array.of(200, 200, 200, 200, 120, 120, 120, 120);
    // Halfway to 40 dB below the loudest: 3/4 of the range.
    assert.deepStrictEqual(rows({ ...spectrogram, levels }, 1, 2).flat(), [191, 191]);
    const wide = { ...spectrogram, columns: 4, frames: 4, levels: Uint8Array.of(...levels, ...levels) };
    assert.deepStrictEqual(rows(wide, 2, 2).flat(), [191, 191, 191, 191]);
  });

  it("gives a last column of fewer frames less room", () => {
    const levels = Uint8Array.of(200, 200, 200, 200, 40, 40, 40, 40);
    const [row = []] = rows({ ...spectrogram, levels, framesPerColumn: 4, frames: 5 }, 100, 1);
    assert.isAbove(row[75]!, 50);
    assert.isBelow(row[99]!, 100);
  });

  it("of silence or of nothing is dark", () => {
    const dark = [[0, 0], [0, 0]];
    assert.deepStrictEqual(rows({ ...spectrogram, levels: new Uint8Array(8) }, 2, 2), dark);
    assert.deepStrictEqual(
      rows({ ...spectrogram, columns: 0, frames: 0, levels: new Uint8Array(0) }, 2, 2),
      dark,
    );
  });
});
