import { assert, describe, it } from "@effect/vitest";
import { fromHex, transparent } from "../../../domain/picture/Colour.ts";
import type { Picture } from "../../../domain/picture/Picture.ts";
import { drawWaveform, type WaveformStyle } from "../../../domain/picture/WaveformPicture.ts";
import type { WaveformPeaks } from "../../../domain/signal/WaveformPeaks.ts";

const blue = fromHex("0000ff"), grey = fromHex("808080");
const style: WaveformStyle = {
  width: 4,
  height: 8,
  lineHeight: 1,
  played: blue,
  unplayed: grey,
  background: transparent,
  progress: 1,
};

/** Peaks of the given extremes, full scale being 1, with 10 samples in each pixel. */
const peaksOf = (...extremes: ReadonlyArray<readonly [lowest: number, highest: number]>): WaveformPeaks => ({
  sampleRate: 1_000,
  samplesPerPixel: 10,
  channels: 1,
  length: extremes.length,
  data: Int16Array.from(extremes.flat(), (value) => value * 32_768),
});

const peaks = peaksOf([-1, 0.99997], [-0.5, 0.5], [0, 0], [-0.25, 0.75]);
const rms = Uint16Array.of(32_768, 16_384, 0, 16_384);
const all = { firstSample: 0, samplesPerColumn: 10 };

const opacities = ({ width, height, palette, pixels }: Picture, x: number) =>
  Array.from({ length: height }, (_, y) => palette[pixels[y * width + x]!]![3]);

const colours = ({ width, height, palette, pixels }: Picture, x: number) =>
  new Set(
    Array.from({ length: height }, (_, y) => palette[pixels[y * width + x]!]!)
      .filter(([, , , alpha]) => alpha > 0)
      .map(([red, green, blue]) => [red, green, blue].map((part) => part.toFixed(2)).join(" ")),
  );

describe("a picture of a waveform", () => {
  it("has the peaks of each column, with the level stronger inside them", () => {
    const picture = drawWaveform(peaks, rms, all, style);
    assert.deepStrictEqual([0, 1, 3].map((x) => opacities(picture, x)), [
      [0.5, 0.5, 1, 1, 1, 1, 0.5, 0.5],
      [0, 0, 0.5, 1, 1, 0.5, 0, 0],
      [0, 0.5, 0.5, 1, 1, 0, 0, 0],
    ]);
  });

  it("has the channels one above the other", () => {
    const split = { ...peaks, channels: 2, length: 2 };
    const picture = drawWaveform(split, null, all, { ...style, width: 1, height: 16 });
    const alone = [[-1, 0.99997], [-0.5, 0.5]] as const;
    const lanes = alone.map((peak) => drawWaveform(peaksOf(peak), null, all, { ...style, width: 1 }));
    assert.deepStrictEqual(opacities(picture, 0), lanes.flatMap((lane) => opacities(lane, 0)));
  });

  it("has a line in the middle of silence", () => {
    const line = opacities(drawWaveform(peaks, rms, all, style), 2);
    assert.deepStrictEqual(line, [0, 0, 0, 0.25, 0.25, 0, 0, 0]);
    const larger = drawWaveform(peaks, rms, all, { ...style, height: 16, lineHeight: 2 });
    assert.deepStrictEqual(opacities(larger, 2).slice(6, 10), [0, 0.5, 0.5, 0]);
  });

  it("has smooth edges", () => {
    const picture = drawWaveform(peaksOf([-0.375, 0.375]), null, all, { ...style, width: 1 });
    assert.deepStrictEqual(opacities(picture, 0), [0, 0, 0.25, 0.5, 0.5, 0.25, 0, 0]);
  });

  it("has another colour for what has not been played", () => {
    const picture = drawWaveform(peaks, rms, all, { ...style, progress: 0.5 });
    assert.deepStrictEqual([0, 1, 2, 3].map((x) => [...colours(picture, x)]), [
      ["0.00 0.00 1.00"],
      ["0.00 0.00 1.00"],
      ["0.50 0.50 0.50"],
      ["0.50 0.50 0.50"],
    ]);
  });

  it("stands on its background", () => {
    const { palette, pixels } = drawWaveform(peaks, rms, all, {
      ...style,
      progress: 0.5,
      background: [1, 1, 1, 1],
    });
    const shown = Array.from(pixels, (place) => palette[place]!);
    assert.isTrue(shown.every(([, , , alpha]) => alpha === 1));
    assert.deepStrictEqual([shown[3], shown[5]], [[1, 1, 1, 1], [1, 1, 1, 1]]);
  });

  it("joins the peaks of a column when it is zoomed out", () => {
    const picture = drawWaveform(peaks, rms, { firstSample: 0, samplesPerColumn: 20 }, {
      ...style,
      width: 2,
    });
    assert.deepStrictEqual(opacities(picture, 1).map((opacity) => opacity > 0), [
      ...[false, true, true, true, true, false, false, false],
    ]);
  });

  it("begins where it is told to, repeats what it has no finer, and ends in the line", () => {
    const picture = drawWaveform(peaks, rms, { firstSample: 20, samplesPerColumn: 5 }, {
      ...style,
      width: 6,
    });
    const heights = Array.from(
      { length: 6 },
      (_, x) => opacities(picture, x).filter((opacity) => opacity > 0).length,
    );
    assert.deepStrictEqual(heights, [2, 2, 4, 4, 2, 2]);
  });

  it("of nothing is a line", () => {
    const picture = drawWaveform(peaksOf(), null, { firstSample: 0, samplesPerColumn: 0 }, style);
    assert.deepStrictEqual(opacities(picture, 3), [0, 0, 0, 0.25, 0.25, 0, 0, 0]);
  });
});
