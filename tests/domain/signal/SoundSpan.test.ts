import { assert, describe, it } from "@effect/vitest";
import { SoundSpan, type SoundSpanOptions } from "../../../domain/signal/SoundSpan.ts";

/** Two channels: on the left −6 dBFS from frame 300 to 700, on the right −46 dBFS from 500 to 900, of 1,000. */
const sound = Float32Array.from({ length: 2_000 }, (_, i) => {
  const frame = i >> 1;
  if (i % 2 === 0) return frame >= 300 && frame < 700 ? (frame % 2 === 0 ? -0.5 : 0.5) : 0;
  return frame >= 500 && frame < 900 ? 0.005 : 0;
});

const spanOf = (options: Partial<SoundSpanOptions>, block = 1_000, samples = sound) => {
  const span = new SoundSpan(2, { first: 0, end: Infinity, channel: null, thresholdDbfs: -60, ...options });
  for (let from = 0; from < 1_000; from += block) {
    const some = samples.subarray(2 * from, 2 * (from + block));
    span.push(some, some.length / 2);
  }
  return span.finish();
};

describe("the span of a sound", () => {
  it.each([1, 7, 64, 500, 1_000])("goes from its first to its last loud frame, in blocks of %d", (block) => {
    assert.deepStrictEqual(spanOf({}, block), { first: 300, end: 900 });
    assert.deepStrictEqual(spanOf({ thresholdDbfs: -40 }, block), { first: 300, end: 700 });
    assert.deepStrictEqual(spanOf({ channel: 1 }, block), { first: 500, end: 900 });
    assert.deepStrictEqual(spanOf({ first: 350, end: 650 }, block), { first: 350, end: 650 });
    assert.deepStrictEqual(spanOf({ channel: 1, first: 100, end: 501 }, block), { first: 500, end: 501 });
    assert.isNull(spanOf({ first: 900 }, block));
    assert.isNull(spanOf({ channel: 1, thresholdDbfs: -40 }, block));
  });

  it("takes what is as loud as the threshold for silence", () => {
    const full = sound.map((sample) => 2 * sample);
    assert.isNull(spanOf({ thresholdDbfs: 0 }, 1_000, full));
    assert.deepStrictEqual(spanOf({ thresholdDbfs: -0.001 }, 1_000, full), { first: 300, end: 700 });
  });
});
