import { Schema } from "effect";
import { type Chapter, chapterBounds } from "./Chapter.ts";
import type { OutputFormat } from "./OutputFormat.ts";
import { type Processing, seconds, secondsAfter, TagText } from "./Processing.ts";

/** The formats that hold chapters, as they are written here. */
export const chapterFormats: ReadonlyArray<OutputFormat> = [
  ...["mp3", "m4a", "alac", "flac", "ogg", "opus", "aiff", "wma"] as const,
];

/** Chapters that an output is to have, by when they begin on its own time line. Each ends where the next begins. */
export const CustomChapters = Schema.Array(Schema.Struct({
  startSeconds: seconds,
  title: TagText.check(Schema.isMinLength(1), Schema.isMaxLength(chapterBounds.titleLength)),
})).check(Schema.isMaxLength(chapterBounds.count));
export type CustomChapters = typeof CustomChapters.Type;

/**
 * The chapters of an output: those that were asked for, as far as they begin in it; else those of the source, moved to where their sound
 * is after the processing.
 */
export const chaptersAfter = (
  processing: Processing,
  custom: CustomChapters | null,
  source: { readonly chapters: ReadonlyArray<Chapter>; readonly durationSeconds: number },
): ReadonlyArray<Chapter> => {
  const { trim, speed = 1 } = processing;
  const length = secondsAfter(processing, source.durationSeconds);
  if (custom !== null) {
    return custom
      .filter(({ startSeconds }) => startSeconds < length)
      .map((chapter, index, kept) => ({ ...chapter, endSeconds: kept[index + 1]?.startSeconds ?? length }));
  }
  const place = (seconds: number) =>
    toMicroseconds(Math.min(Math.max((seconds - (trim?.startSeconds ?? 0)) / speed, 0), length));
  return source.chapters
    .map(({ startSeconds, endSeconds, title }) => ({
      startSeconds: place(startSeconds),
      endSeconds: place(endSeconds),
      title,
    }))
    .filter(({ startSeconds, endSeconds }) => endSeconds > startSeconds);
};

const toMicroseconds = (seconds: number): number => Math.round(1e6 * seconds) / 1e6;
