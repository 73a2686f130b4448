import { assert, describe, it } from "@effect/vitest";
import { littleEndian } from "../../../domain/signal/LittleEndian.ts";
import { decodeRms, WaveformRmsMeter } from "../../../domain/signal/WaveformRms.ts";
import { keepPixels } from "./Pixels.ts";
import { interleave, tone } from "./Synthesis.ts";

const measure = (samplesPerPixel: number, ...channels: ReadonlyArray<Float32Array>) => {
  const { rms } = keepPixels(channels.length);
  const meter = new WaveformRmsMeter(channels.length, rms, samplesPerPixel);
  const whole = interleave(...channels), cut = Math.floor(channels[0]!.length / 3);
  meter.push(whole, cut);
  meter.push(whole.subarray(cut * channels.length), channels[0]!.length - cut);
  meter.finish();
  return rms.take();
};

describe("the levels of a waveform", () => {
  it("are the root mean squares of its pixels, the last one shorter", () => {
    const rms = measure(4, Float32Array.of(0.5, -0.5, 0.5, -0.5, 1, 0, 0, 0, -0.25));
    assert.deepStrictEqual(Array.from(rms), [32_768, 32_768, 16_384]);
  });

  it("are those of the mix to mono", () => {
    const sine = tone(48_000, [[0, 1]]);
    const level = Math.round(65_535 * Math.SQRT1_2);
    for (const value of measure(4_800, sine, sine)) assert.approximately(value, level, 1);
    assert.deepStrictEqual(new Set(measure(4_800, sine, sine.map((sample) => -sample))), new Set([0]));
  });

  it("stay within full scale, and are many", () => {
    const rms = measure(1, new Float32Array(5_000).fill(2));
    assert.strictEqual(rms.length, 5_000);
    assert.deepStrictEqual(new Set(rms), new Set([65_535]));
  });

  it("are read from their stored form as they were written", () => {
    const rms = Uint16Array.of(0, 1, 256, 65_535);
    assert.deepStrictEqual(decodeRms(littleEndian(rms)), rms);
    assert.deepStrictEqual([...littleEndian(rms).slice(2, 6)], [1, 0, 0, 1]);
  });
});
