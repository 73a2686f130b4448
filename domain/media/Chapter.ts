import { Schema } from "effect";
import { cleanText } from "./CleanText.ts";

/** A part of a recording with a title, which may be empty. Chapters do not overlap. */
export const Chapter = Schema.Struct({
  startSeconds: Schema.Finite.check(Schema.isGreaterThanOrEqualTo(0)),
  endSeconds: Schema.Finite.check(Schema.isGreaterThan(0)),
  title: Schema.String,
});
export type Chapter = typeof Chapter.Type;

/** How many chapters a recording may have, as many as MP3 and MPEG-4 can list, and how many characters a title. */
export const chapterBounds = { count: 255, titleLength: 128 } as const;

/**
 * The chapters of a file that are kept: the first 255 that begin in the audio, in order, no two at the same moment; each ends where
 * the file says, or where the next begins, or with the audio. Titles are cleaned as tags are.
 */
export const keepChapters = (
  found: ReadonlyArray<Chapter>,
  durationSeconds: number,
): ReadonlyArray<Chapter> =>
  found
    .filter(({ startSeconds }) => startSeconds >= 0 && startSeconds < durationSeconds)
    .toSorted((one, other) => one.startSeconds - other.startSeconds)
    .filter(({ startSeconds }, index, sorted) => startSeconds !== sorted[index - 1]?.startSeconds)
    .slice(0, chapterBounds.count)
    .map(({ startSeconds, endSeconds, title }, index, kept) => {
      const latest = kept[index + 1]?.startSeconds ?? durationSeconds;
      return {
        startSeconds,
        endSeconds: endSeconds > startSeconds ? Math.min(endSeconds, latest) : latest,
        title: cleanText(title, chapterBounds.titleLength),
      };
    });
