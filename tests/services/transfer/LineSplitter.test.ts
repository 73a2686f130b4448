import { assert, it } from "@effect/vitest";
import { Effect, Result, Stream } from "effect";
import { linesOf } from "../../../services/transfer/LineSplitter.ts";
import { longestLine } from "../../../services/transfer/LogFormat.ts";

const split = (chunks: ReadonlyArray<Uint8Array>) =>
  Stream.runCollect(linesOf(Stream.fromIterable(chunks))).pipe(Effect.map((lines) => [...lines]));

const bytes = new TextEncoder().encode("eins\nzw\u00f6lf 🎧\n\nende");

it.effect("splits text into lines wherever the bytes are cut", () =>
  Effect.gen(function* () {
    const lines = ["eins", "zw\u00f6lf 🎧", "", "ende"];
    assert.deepStrictEqual(yield* split([bytes]), lines);
    assert.deepStrictEqual(yield* split([...bytes].map((byte) => Uint8Array.of(byte))), lines);
    for (let at = 1; at < bytes.length; at++) {
      assert.deepStrictEqual(yield* split([bytes.subarray(0, at), bytes.subarray(at)]), lines);
    }
  }));

it.effect("has no line after the last line feed", () =>
  Effect.gen(function* () {
    assert.deepStrictEqual(yield* split([new TextEncoder().encode("a\n")]), ["a"]);
    assert.deepStrictEqual(yield* split([]), []);
  }));

it.effect("refuses a line that has no end, instead of keeping it", () =>
  Effect.gen(function* () {
    let pulled = 0;
    const endless = Stream.fromEffectRepeat(Effect.sync(() => {
      pulled++;
      return new Uint8Array(1024 * 1024).fill(97);
    }));
    const first = Stream.make(new TextEncoder().encode("a\nb\n"));
    const refused = yield* Effect.result(Stream.runDrain(linesOf(Stream.concat(first, endless))));
    assert(Result.isFailure(refused));
    assert.strictEqual(refused.failure.line, 3);
    assert.isAtMost(pulled, longestLine / (1024 * 1024) + 2);
  }));
