import { assert, describe, it } from "@effect/vitest";
import { Effect, Stream } from "effect";
import { intoBlocks } from "../../../infra/media/SampleBlocks.ts";

describe("a stream in blocks", () => {
  it.effect("is whole, and its chunks take no memory any more unless something else lies beside them", () =>
    Effect.gen(function* () {
      const shared = Uint8Array.from({ length: 12 }, (_, i) => 100 + i);
      const chunks = [
        Uint8Array.from({ length: 7 }, (_, i) => i),
        new Uint8Array(0),
        shared.subarray(2, 6),
        Uint8Array.from({ length: 9 }, (_, i) => 50 + i),
      ];
      const expected = chunks.flatMap((chunk) => [...chunk]);
      const taken: Array<ReadonlyArray<number>> = [];
      yield* intoBlocks(
        Stream.fromIterable(chunks),
        new ArrayBuffer(4),
        (block, byteLength) =>
          Effect.sync(() => {
            taken.push([...new Uint8Array(block, 0, byteLength)]);
            return new ArrayBuffer(4);
          }),
      );
      assert.deepStrictEqual(taken.flat(), expected);
      assert.deepStrictEqual(taken.map(({ length }) => length), [4, 4, 4, 4, 4]);
      assert.deepStrictEqual(chunks.map(({ buffer }) => buffer.byteLength), [0, 0, 12, 0]);
      assert.deepStrictEqual([shared[0], shared[11]], [100, 111]);
    }));
});
