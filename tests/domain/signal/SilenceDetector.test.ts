import { assert, describe, it } from "@effect/vitest";
import {
  SilenceDetector,
  type SilenceOptions,
  type Silences,
} from "../../../domain/signal/SilenceDetector.ts";
import { concatenate, interleave } from "./Synthesis.ts";

const RATE = 8_000;

const detect = (options: SilenceOptions, ...channels: ReadonlyArray<Float32Array>): Silences => {
  const detector = new SilenceDetector(RATE, channels.length, options);
  detector.push(interleave(...channels), channels[0]!.length);
  return detector.finish();
};

/** A level held for a number of samples. */
const held = (amplitude: number, samples: number): Float32Array => new Float32Array(samples).fill(amplitude);

describe("a silence detector", () => {
  it("finds silences at the start, between sounds and at the end, to the sample", () => {
    const signal = concatenate(held(0, 4_000), held(0.5, 801), held(0, 8_000), held(-0.5, 1), held(0, 5_000));
    assert.deepStrictEqual(detect({}, signal), {
      silent: false,
      silences: [
        { start: 0, end: 0.5 },
        { start: 4_801 / RATE, end: 12_801 / RATE },
        { start: 12_802 / RATE, end: 17_802 / RATE },
      ],
    });
  });

  it("leaves out what is shorter than the minimum, by default half a second", () => {
    const signal = concatenate(held(0, 3_999), held(0.5, 1), held(0, 4_000), held(0.5, 1), held(0, 3_999));
    assert.deepStrictEqual(detect({}, signal).silences, [{ start: 0.5, end: 1 }]);
    assert.lengthOf(detect({ minimumSeconds: 0.4 }, signal).silences, 3);
    assert.lengthOf(detect({ minimumSeconds: 2 }, signal).silences, 0);
  });

  it("counts what is not above the threshold as silence, by default −60 dBFS", () => {
    const signal = concatenate(held(0.00099, 4_000), held(-0.00101, 4_000), held(0.009, 4_000));
    assert.deepStrictEqual(detect({}, signal).silences, [{ start: 0, end: 0.5 }]);
    assert.deepStrictEqual(detect({ thresholdDbfs: -40 }, signal).silences, [{ start: 0, end: 1.5 }]);
  });

  it("needs all channels to be silent at once", () => {
    const left = concatenate(held(0, 8_000), held(0.5, 8_000), held(0, 8_000));
    const right = concatenate(held(0, 12_000), held(0.5, 8_000), held(0, 4_000));
    assert.deepStrictEqual(detect({}, left, right).silences, [{ start: 0, end: 1 }, { start: 2.5, end: 3 }]);
    assert.deepStrictEqual(detect({}, right, left).silences, [{ start: 0, end: 1 }, { start: 2.5, end: 3 }]);
  });

  it("calls a signal silent when every sample is exactly 0, and only then", () => {
    assert.deepStrictEqual(detect({}, held(0, RATE), held(-0, RATE)), {
      silent: true,
      silences: [{ start: 0, end: 1 }],
    });
    assert.deepStrictEqual(detect({}, held(0, RATE), concatenate(held(0, RATE - 1), held(1e-30, 1))), {
      silent: false,
      silences: [{ start: 0, end: 1 }],
    });
    assert.isFalse(detect({}, held(1, 1)).silent);
    assert.deepStrictEqual(detect({}, held(0, 0)), { silent: true, silences: [] });
  });
});
