import { assert, describe, it } from "@effect/vitest";
import { NumberBlocks } from "../../../domain/signal/NumberBlocks.ts";

describe("numbers in blocks", () => {
  it.each([0, 1, 32_767, 32_768, 32_769, 100_000])("are taken as they were pushed, %i of them", (count) => {
    const numbers = new NumberBlocks((length) => new Float32Array(length));
    const expected = Float32Array.from({ length: count }, (_, i) => i);
    expected.forEach((value) => numbers.push(value));
    assert.deepStrictEqual(numbers.take(), expected);
    assert.lengthOf(numbers.take(), 0);
  });
});
