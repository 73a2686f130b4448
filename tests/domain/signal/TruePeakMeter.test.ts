import { assert, describe, it } from "@effect/vitest";
import { type PeakLevels, TruePeakMeter } from "../../../domain/signal/TruePeakMeter.ts";
import { concatenate, fadedSine, interleave, noise } from "./Synthesis.ts";

const measure = (sampleRate: number, ...channels: ReadonlyArray<Float32Array>): PeakLevels => {
  const meter = new TruePeakMeter(sampleRate, channels.length);
  meter.push(interleave(...channels), channels[0]!.length);
  return meter.finish();
};

const level = (amplitude: number): number => 20 * Math.log10(amplitude);

/** Fails outside of +0.2 / −0.4 dB, the tolerance of EBU Tech 3341. */
const assertTruePeak = ({ truePeakDbtp }: PeakLevels, expected: number): void => {
  if (truePeakDbtp === null) assert.fail("no true peak");
  assert.isAtMost(truePeakDbtp, expected + 0.2);
  assert.isAtLeast(truePeakDbtp, expected - 0.4);
};

/** The highest point of four times oversampling by the definition: every point, every sample, nothing left out. */
const exhaustive = (samples: Float32Array): number => {
  const bessel = (x: number) => {
    let sum = 1;
    for (let k = 1, term = 1; k < 60; k++) sum += term *= (x / 2 / k) ** 2;
    return sum;
  };
  const sinc = (t: number) =>
    Math.sin(Math.PI * t) / (Math.PI * t) * bessel(7.5 * Math.sqrt(1 - (t / 12) ** 2)) / bessel(7.5);
  let peak = samples.reduce((highest, sample) => Math.max(highest, Math.abs(sample)), 0);
  for (const fraction of [0.25, 0.5, 0.75]) {
    const taps = Array.from({ length: 24 }, (_, k) => sinc(k - 11 - fraction));
    for (let at = -12; at < samples.length + 11; at++) {
      const point = taps.reduce((sum, tap, k) => sum + tap * (samples[at + k - 11] ?? 0), 0);
      peak = Math.max(peak, Math.abs(point));
    }
  }
  return level(peak);
};

describe.each([48_000, 44_100, 96_000])("a true-peak meter at %i Hz", (rate) => {
  it.each([
    ["15", 4, 0, 0.5],
    ["16", 4, 45, 0.5],
    ["17", 6, 60, 0.5],
    ["18", 8, 67.5, 0.5],
    ["19", 4, 45, 1.41],
  ])("finds the crest between samples (Tech 3341, %s)", (_, period, degrees, amplitude) => {
    const sine = fadedSine(rate, period, degrees, amplitude);
    assertTruePeak(measure(rate, sine, sine), level(amplitude));
  });
});

describe("a true-peak meter", () => {
  it("reads 3 dB more than the samples show for a quarter of the sample rate at 45°", () => {
    const { truePeakDbtp, samplePeakDbfs } = measure(48_000, fadedSine(48_000, 4, 45, 0.5));
    assert.closeTo(samplePeakDbfs ?? NaN, level(0.5 * Math.SQRT1_2), 1e-6);
    assert.closeTo(truePeakDbtp ?? NaN, level(0.5), 0.01);
  });

  it("skips nothing that matters: the same as interpolating everywhere", () => {
    for (let seed = 1; seed <= 20; seed++) {
      const samples = noise(200 + 37 * seed, 0.8, seed);
      assert.closeTo(measure(48_000, samples).truePeakDbtp ?? NaN, exhaustive(samples), 1e-9);
    }
  });

  it("finds the same peak wherever it lies", () => {
    const rising = Float32Array.of(0.1, -0.2, 0.4, -0.6, 0.9),
      { truePeakDbtp: expected } = measure(48_000, rising);
    for (let before = 1; before < 200; before++) {
      const signal = concatenate(new Float32Array(before), rising, new Float32Array(before));
      assert.strictEqual(measure(48_000, signal).truePeakDbtp, expected);
    }
  });

  it("takes the highest of all channels and of all parts, in whatever order they come", () => {
    const quiet = noise(1000, 0.5, 1), loud = noise(1000, 0.6, 2), gap = new Float32Array(90);
    const { truePeakDbtp: expected } = measure(48_000, loud);
    assert.isAbove(expected ?? NaN, measure(48_000, quiet).truePeakDbtp ?? NaN);
    assert.strictEqual(measure(48_000, quiet, loud).truePeakDbtp, expected);
    assert.strictEqual(measure(48_000, concatenate(quiet, gap, loud)).truePeakDbtp, expected);
    assert.strictEqual(measure(48_000, concatenate(loud, gap, quiet)).truePeakDbtp, expected);
  });

  it("includes the crest after the last sample and before the first", () => {
    const rising = Float32Array.from({ length: 20 }, (_, i) => (i + 1) / 20 * (-1) ** i),
      falling = rising.toReversed();
    assert.isAbove(exhaustive(rising), 1);
    assert.closeTo(measure(48_000, rising).truePeakDbtp ?? NaN, exhaustive(rising), 1e-9);
    assert.closeTo(measure(48_000, falling).truePeakDbtp ?? NaN, exhaustive(rising), 1e-9);
  });

  it("oversamples less at high sample rates, and not at all from 192 kHz", () => {
    const crest = Float32Array.of(0, 0.5, 0.5, 0), { truePeakDbtp: twice } = measure(96_000, crest);
    assert.strictEqual(twice, measure(48_000, crest).truePeakDbtp);
    assert.strictEqual(measure(192_000, crest).truePeakDbtp, level(0.5));
  });

  it("has no peak for silence and for nothing", () => {
    assert.deepStrictEqual(measure(48_000, new Float32Array(500)), {
      truePeakDbtp: null,
      samplePeakDbfs: null,
    });
    assert.deepStrictEqual(measure(48_000, new Float32Array(0)), {
      truePeakDbtp: null,
      samplePeakDbfs: null,
    });
  });

  it("has the level of a single sample", () => {
    assert.deepStrictEqual(measure(48_000, Float32Array.of(-0.5)), {
      truePeakDbtp: level(0.5),
      samplePeakDbfs: level(0.5),
    });
  });
});
