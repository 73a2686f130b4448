import { assert, describe, it } from "@effect/vitest";
import { FourierTempogram } from "../../../domain/signal/FourierTempogram.ts";
import { noveltyRate } from "../../../domain/signal/OnsetNovelty.ts";

/** One pulse a beat, of the shape of a raised cosine: all its energy is at the tempo itself. */
const pulse = (bpm: number, seconds: number) =>
  Float32Array.from(
    { length: Math.round(seconds * noveltyRate) },
    (_, i) => 1 + Math.cos(2 * Math.PI * bpm / 60 * i / noveltyRate),
  );

describe("the Fourier tempogram", () => {
  it.each([60, 97, 120, 233, 340])("is greatest at the tempo of a pulse of %f BPM", (bpm) => {
    const tempogram = new FourierTempogram(pulse(bpm, 30));
    assert.strictEqual(tempogram.at(bpm), tempogram.max);
    for (const other of [bpm * 0.7, bpm / 2, bpm * 1.4]) {
      assert.isBelow(tempogram.at(other), tempogram.max / 10);
    }
  });

  it("does not depend on the level, nor on the length", () => {
    const loud = new FourierTempogram(pulse(120, 30)).max;
    const soft = new FourierTempogram(pulse(120, 30).map((value) => value / 1000)).max;
    const short = new FourierTempogram(pulse(120, 10)).max;
    assert.approximately(soft, loud, 1e-6);
    assert.approximately(short, loud, 0.02 * loud);
  });

  it("is 0 outside of its scale", () => {
    const tempogram = new FourierTempogram(pulse(120, 10));
    assert.strictEqual(tempogram.at(10), 0);
    assert.strictEqual(tempogram.at(900), 0);
  });
});
