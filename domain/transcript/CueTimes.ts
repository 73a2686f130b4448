import type { Segment } from "./Transcript.ts";

/**
 * The line of times of a subtitle, as SubRip and WebVTT write it but for the mark before the milliseconds. It ends after it begins, as
 * both demand.
 */
export const cueTimes = ({ startSeconds, endSeconds }: Segment, mark: "," | "."): string => {
  const start = Math.round(1_000 * startSeconds);
  const end = Math.max(start + 1, Math.round(1_000 * endSeconds));
  return `${timestamp(start, mark)} --> ${timestamp(end, mark)}`;
};

const timestamp = (millis: number, mark: string): string => {
  const [hours, minutes, seconds] = [3_600_000, 60_000, 1_000].map((unit, at) =>
    digits(Math.floor(millis / unit) % (at === 0 ? Infinity : 60), 2)
  );
  return `${hours}:${minutes}:${seconds}${mark}${digits(millis % 1_000, 3)}`;
};

const digits = (value: number, length: number): string => String(value).padStart(length, "0");
