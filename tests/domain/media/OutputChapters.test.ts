import { assert, describe, it } from "@effect/vitest";
import { Schema } from "effect";
import type { Chapter } from "../../../domain/media/Chapter.ts";
import { chaptersAfter, CustomChapters } from "../../../domain/media/OutputChapters.ts";

const of = (...parts: ReadonlyArray<readonly [start: number, end: number, title: string]>) =>
  parts.map(([startSeconds, endSeconds, title]): Chapter => ({ startSeconds, endSeconds, title }));

const source = { chapters: of([0, 10, "One"], [10, 30, "Two"], [40, 60, "Three"]), durationSeconds: 60 };

describe("chaptersAfter", () => {
  it("leaves chapters where they are when nothing moves", () =>
    assert.deepStrictEqual(chaptersAfter({ gainDb: 3 }, null, source), source.chapters));

  it("shifts them by a trim, cuts them at its ends, and drops what is outside", () => {
    const after = (startSeconds: number, endSeconds?: number) =>
      chaptersAfter({ trim: { startSeconds, ...(endSeconds && { endSeconds }) } }, null, source);
    assert.deepStrictEqual(after(5, 20), of([0, 5, "One"], [5, 15, "Two"]));
    assert.deepStrictEqual(after(10, 40), of([0, 20, "Two"]));
    assert.deepStrictEqual(after(50), of([0, 10, "Three"]));
    assert.deepStrictEqual(after(31, 39), []);
  });

  it("brings them closer together at a higher speed, after the trim", () => {
    const processing = { trim: { startSeconds: 5, endSeconds: 50 }, speed: 2 };
    assert.deepStrictEqual(
      chaptersAfter(processing, null, source),
      of([0, 2.5, "One"], [2.5, 12.5, "Two"], [17.5, 22.5, "Three"]),
    );
  });

  it("leaves no sliver of a chapter that ends where the trim begins, give or take a rounding", () => {
    const chapters = of([0, 0.1 + 0.2, "One"], [0.3, 1, "Two"]);
    const trim = { startSeconds: 0.3 };
    assert.deepStrictEqual(
      chaptersAfter({ trim }, null, { chapters, durationSeconds: 1 }),
      of([0, 0.7, "Two"]),
    );
  });

  it("takes those that were asked for on the output's own time line, each up to the next", () => {
    const custom = [{ startSeconds: 1, title: "A" }, { startSeconds: 4, title: "B" }, {
      startSeconds: 30,
      title: "C",
    }];
    assert.deepStrictEqual(chaptersAfter({ speed: 2 }, custom, source), of([1, 4, "A"], [4, 30, "B"]));
    assert.deepStrictEqual(chaptersAfter({}, [], source), []);
  });
});

describe("chapters that are asked for", () => {
  const isValid = Schema.is(CustomChapters);
  const titled = (title: string) => [{ startSeconds: 0, title }];

  it("are at most 255, each with a title of printable text", () => {
    assert.isTrue(
      isValid(Array.from({ length: 255 }, (_, i) => ({ startSeconds: i, title: "é".repeat(128) }))),
    );
    assert.isFalse(isValid(Array.from({ length: 256 }, (_, i) => ({ startSeconds: i, title: "x" }))));
    for (const title of ["", "x".repeat(129), "a\nb", "\ud800"]) {
      assert.isFalse(isValid(titled(title)), title);
    }
    assert.isFalse(isValid([{ startSeconds: -1, title: "x" }]));
  });
});
