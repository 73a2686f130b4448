import { assert, describe, it } from "@effect/vitest";
import { RealFft } from "../../../domain/signal/RealFft.ts";
import { noise } from "./Synthesis.ts";

const OFFSET = 5;

const flat = (size: number): Float64Array => new Float64Array(size).fill(1);

/** No two values of the window are equal, so that none can be taken for another. */
const slope = (size: number): Float64Array => Float64Array.from({ length: size }, (_, i) => 0.5 + i / size);

/** The sum that defines a bin. */
const directBin = (samples: Float32Array, window: Float64Array, bin: number): readonly [number, number] => {
  const size = window.length;
  let re = 0, im = 0;
  for (let i = 0; i < size; i++) {
    const angle = -2 * Math.PI * (bin * i % size) / size;
    re += samples[OFFSET + i]! * window[i]! * Math.cos(angle);
    im += samples[OFFSET + i]! * window[i]! * Math.sin(angle);
  }
  return [re, im];
};

describe.each([16, 32, 64, 128, 1024, 2048, 8192])("a transform of %i real samples", (size) => {
  const samples = noise(size + 2 * OFFSET, 1, size);

  it("is the direct sum at every bin it is compared at", () => {
    const fft = new RealFft(size);
    const window = slope(size);
    fft.forward(samples, OFFSET, window);
    for (let bin = 0; bin <= size / 2; bin += Math.ceil(size / 300)) {
      const [re, im] = directBin(samples, window, bin);
      assert.closeTo(fft.re[bin]!, re, 1e-9, `real part of bin ${bin}`);
      assert.closeTo(fft.im[bin]!, im, 1e-9, `imaginary part of bin ${bin}`);
    }
  });

  it("keeps the energy (Parseval)", () => {
    const fft = new RealFft(size);
    fft.forward(samples, OFFSET, flat(size));
    const power = (bin: number) => fft.re[bin]! ** 2 + fft.im[bin]! ** 2;
    let spectral = power(0) + power(size / 2);
    for (let bin = 1; bin < size / 2; bin++) spectral += 2 * power(bin);
    const energy = samples.subarray(OFFSET, OFFSET + size).reduce((sum, value) => sum + value * value, 0);
    assert.closeTo(spectral / size, energy, 1e-9 * energy);
  });

  it("has nothing left of the transform before", () => {
    const fft = new RealFft(size), fresh = new RealFft(size);
    fft.forward(noise(size, 1, 99), 0, flat(size));
    fft.forward(samples, OFFSET, slope(size));
    fresh.forward(samples, OFFSET, slope(size));
    assert.deepStrictEqual([fft.re, fft.im], [fresh.re, fresh.im]);
  });

  it("has half as many bins as samples, and one", () => {
    const fft = new RealFft(size);
    assert.deepStrictEqual([fft.size, fft.re.length, fft.im.length], [size, size / 2 + 1, size / 2 + 1]);
  });
});

describe("a transform", () => {
  it.each([0, 1, 8, 17, 24, 1000, 2048.5, -16, NaN, Infinity])("of %d samples is refused", (size) => {
    assert.throws(() => new RealFft(size), RangeError);
  });
});
