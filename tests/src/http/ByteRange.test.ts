import { assert, describe, it } from "@effect/vitest";
import { Schema } from "effect";
import { parseRange } from "../../../src/http/ByteRange.ts";

const Size = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 2 ** 40 }));
const Share = Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1 }));

/** Every range of RFC 9110 of a small content, with the bytes that it selects; `null`: none. */
const expected = (size: number): ReadonlyArray<readonly [string, ReadonlyArray<number> | null]> => {
  const bytes = Array.from({ length: size }, (_, i) => i);
  const numbers = Array.from({ length: size + 3 }, (_, i) => i);
  const selected = (found: ReadonlyArray<number>) => found.length === 0 ? null : found;
  return [
    ...numbers.map((first) => [`bytes=${first}-`, selected(bytes.slice(first))] as const),
    ...numbers.map((length) =>
      [`bytes=-${length}`, selected(length === 0 ? [] : bytes.slice(-length))] as const
    ),
    ...numbers.flatMap((first) =>
      numbers.filter((last) => last >= first).map((last) =>
        [`bytes=${first}-${last}`, selected(bytes.slice(first, last + 1))] as const
      )
    ),
  ];
};

describe("a range", () => {
  it("selects the bytes that it names, for every range of every small content", () => {
    for (let size = 0; size <= 6; size++) {
      for (const [header, bytes] of expected(size)) {
        const range = parseRange(header, size);
        const found = range === null || range === "unsatisfiable"
          ? range
          : Array.from({ length: range.length }, (_, i) => range.start + i);
        assert.deepStrictEqual(found, bytes ?? "unsatisfiable", `${header} of ${size}`);
      }
    }
  });

  it.prop(
    "within the bounds selects those bytes, of a content of any size",
    [Size, Share, Share],
    ([size, one, other]) => {
      const [start = 0, end = 0] = [one, other].map((share) => Math.floor(Math.abs(share) * (size - 1)))
        .sort((a, b) => a - b);
      assert.deepStrictEqual(parseRange(`bytes=${start}-${end}`, size), { start, length: end - start + 1 });
      assert.deepStrictEqual(parseRange(`bytes=${start}-`, size), { start, length: size - start });
      assert.deepStrictEqual(parseRange(`bytes=-${size - start}`, size), { start, length: size - start });
    },
  );

  it.prop("of any text lies within the content, or is none", [Schema.String, Size], ([text, size]) => {
    for (const header of [text, `bytes=${text}`]) {
      const range = parseRange(header, size);
      if (range === null || range === "unsatisfiable") continue;
      assert.isAtLeast(range.start, 0);
      assert.isAbove(range.length, 0);
      assert.isAtMost(range.start + range.length, size);
    }
  });

  it.each([
    undefined,
    "",
    "bytes",
    "bytes=",
    "bytes=-",
    "bytes=--1",
    "bytes=1",
    "bytes=5-2",
    "bytes=0-1,3-4",
    "bytes=0x1-2",
    "bytes=1.5-2",
    "bytes=+1-2",
    "bytes=1-2-3",
    "seconds=0-1",
    "0-1",
  ])("that is none, or not understood, asks for everything: %s", (header) => {
    assert.isNull(parseRange(header, 10));
  });

  it.each(["bytes= 2-4", "bytes=2 - 4", "bytes=2-4 ", "bytes=002-0004"])("may be written as %s", (header) => {
    assert.deepStrictEqual(parseRange(header, 10), { start: 2, length: 3 });
  });

  it("of numbers past all measure is cut, or cannot be satisfied", () => {
    const huge = "9".repeat(400);
    assert.deepStrictEqual(parseRange(`bytes=2-${huge}`, 10), { start: 2, length: 8 });
    assert.deepStrictEqual(parseRange(`bytes=-${huge}`, 10), { start: 0, length: 10 });
    assert.strictEqual(parseRange(`bytes=${huge}-`, 10), "unsatisfiable");
  });
});
