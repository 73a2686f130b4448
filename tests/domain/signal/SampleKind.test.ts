import { assert, describe, it } from "@effect/vitest";
import { int16Conversions } from "../../../domain/signal/SampleKind.ts";

const clamped = [[1.5, 32767], [-1.5, -32768], [1e9, 32767], [-1e9, -32768]] as const;

describe("a sample as an integer of 16 bits", () => {
  it.each(
    [
      ["integer", [[0.99999, 32767], [1, 32767], [-1, -32768], [1.9 / 32768, 1], [-0.1 / 32768, -1]]],
      ["float", [[1, 32767], [-1, -32767], [0.25, 8191], [-0.25, -8191], [0.5, 16383]]],
      // Halves go to the even neighbour.
      ["decoded", [[1, 32767], [-1, -32767], [0.25, 8192], [-0.5, -16384], [0.5, 16384], [2.5 / 32767, 2]]],
    ] as const,
  )("has no finer bits where it was %s", (kind, expected) => {
    const { toInt16 } = int16Conversions[kind];
    for (const [sample, value] of [...expected, ...clamped]) assert.strictEqual(toInt16(sample), value);
  });

  it("is multiplied in single precision where it was floating-point", () => {
    // The exact product is 16,384 − 2⁻¹⁶.
    assert.strictEqual(int16Conversions.float.toInt16(0.5 + 2 ** -16), 16_384);
  });

  it.each(["integer", "float", "decoded"] as const)("keeps the order of samples that were %s", (kind) => {
    const { toInt16 } = int16Conversions[kind];
    let before = -32768;
    for (let sample = -1.0001; sample < 1.0001; sample += 0.0000123) {
      const value = toInt16(Math.fround(sample));
      assert.isAtLeast(value, before);
      before = value;
    }
  });
});
