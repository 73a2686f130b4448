import { assert, describe, it } from "@effect/vitest";
import { SpectrumMeter, type SpectrumReport } from "../../../domain/signal/SpectrumMeter.ts";
import { interleave, noise, tone } from "./Synthesis.ts";

const measure = (sampleRate: number, ...channels: ReadonlyArray<Float32Array>): SpectrumReport => {
  const meter = new SpectrumMeter(sampleRate, channels.length);
  meter.push(interleave(...channels), channels[0]!.length);
  return meter.finish();
};

const spectrumOf = (sampleRate: number, ...channels: ReadonlyArray<Float32Array>) =>
  measure(sampleRate, ...channels).spectrum ?? assert.fail("There is no spectrum");

const power = (decibels: number) => 10 ** (decibels / 10);
const bandOf = (frequency: number) => Math.floor(32 * Math.log10(frequency / 20) / 3);

describe("a spectrum meter", () => {
  it.each([[44_100, 440], [48_000, 1_000], [48_000, 9_000], [8_000, 1_500], [192_000, 15_000]])(
    "at %i Hz finds a sine of %i Hz in its band, at its level",
    (sampleRate, frequency) => {
      const { centroidHz, bands } = spectrumOf(sampleRate, tone(sampleRate, [[-20, 2]], frequency));
      const loudest = bands.indexOf(Math.max(...bands));
      assert.strictEqual(loudest, bandOf(frequency));
      const around = bands.slice(loudest - 1, loudest + 2).reduce((sum, level) => sum + power(level), 0);
      assert.approximately(10 * Math.log10(around), -23.01, 0.1);
      assert.approximately(centroidHz, frequency, frequency / 20);
    },
  );

  it("finds white noise to be equally strong in each Hz", () => {
    const { centroidHz, bands } = spectrumOf(40_000, noise(400_000, 0.5, 7));
    assert.approximately(centroidHz, 10_000, 100);
    // A band is 1.24 times as wide as the one below it.
    for (let band = 12; band < 32; band++) {
      assert.approximately(bands[band]! - bands[band - 1]!, 30 / 32, 0.6, `${band}`);
    }
    // Uniform between ±0.5: a mean square of 1/12.
    assert.approximately(bands.reduce((sum, level) => sum + power(level), 0), 1 / 12, 0.001);
  });

  it("has the power of all channels, also where they cancel each other", () => {
    const sine = tone(44_100, [[-20, 1]]);
    const both = spectrumOf(44_100, sine, sine.map((sample) => -sample));
    assert.deepStrictEqual(both, spectrumOf(44_100, sine));
    const one = spectrumOf(44_100, sine, new Float32Array(sine.length));
    const band = bandOf(1_000);
    assert.approximately(one.bands[band]! - both.bands[band]!, -3.01, 0.01);
  });

  it("has bands above half of the sample rate at the lowest level", () => {
    const { bands } = spectrumOf(8_000, noise(8_000, 1, 1));
    assert.deepStrictEqual(bands.slice(bandOf(4_000) + 1), new Array(31 - bandOf(4_000)).fill(-120));
    assert.isAbove(bands[bandOf(3_000)]!, -30);
  });

  it("has no spectrum of silence or of nothing", () => {
    assert.isNull(measure(44_100, new Float32Array(10_000)).spectrum);
    assert.isNull(measure(44_100, new Float32Array(0)).spectrum);
  });

  it("measures what is shorter than a frame", () => {
    const { spectrum, spectrogram } = measure(44_100, Float32Array.of(0.5));
    assert.isAbove(spectrum?.bands[20] ?? -Infinity, -100);
    assert.strictEqual(spectrogram.columns, 1);
  });
});
