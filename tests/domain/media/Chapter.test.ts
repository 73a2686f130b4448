import { assert, describe, it } from "@effect/vitest";
import { type Chapter, chapterBounds, keepChapters } from "../../../domain/media/Chapter.ts";

const chapter = (startSeconds: number, endSeconds: number, title = "x"): Chapter => ({
  startSeconds,
  endSeconds,
  title,
});

describe("keepChapters", () => {
  it("keeps chapters and the gaps between them as they are", () => {
    const chapters = [chapter(0, 2.5, "One"), chapter(3, 4, ""), chapter(4, 10, "Three 🎙️")];
    assert.deepStrictEqual(keepChapters(chapters, 10), chapters);
  });

  it("orders them, ends each where the next begins or the audio ends, and keeps one that begins at a moment", () => {
    const found = [chapter(5, 99), chapter(0, 7), chapter(0, 1, "again"), chapter(2, 2), chapter(3, 1)];
    assert.deepStrictEqual(keepChapters(found, 10), [
      chapter(0, 2),
      chapter(2, 3),
      chapter(3, 5),
      chapter(5, 10),
    ]);
  });

  it("leaves out those that begin outside the audio", () =>
    assert.deepStrictEqual(keepChapters([chapter(-1, 5), chapter(9.9, 12), chapter(10, 11)], 10), [
      chapter(9.9, 10),
    ]));

  it("keeps 255, with titles cleaned and cut to 128 characters", () => {
    const many = Array.from({ length: 300 }, (_, i) => chapter(i, i + 1, `a\0\n${"é🎵".repeat(100)}`));
    const kept = keepChapters(many, 1_000);
    assert.lengthOf(kept, chapterBounds.count);
    assert.strictEqual(kept[0]?.title, `a ${"é🎵".repeat(63)}`);
  });
});
