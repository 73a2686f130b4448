import { cueTimes } from "./CueTimes.ts";
import type { Transcript } from "./Transcript.ts";

/** A transcript as SubRip, a numbered subtitle for each segment. */
export const subRip = ({ segments }: Transcript): string =>
  segments.map((segment, at) => `${at + 1}\n${cueTimes(segment, ",")}\n${inert(segment.text)}\n`).join("\n");

/**
 * SubRip has no escapes. Players take `<i>` and `{\an8}` for markup, so an invisible word joiner (U+2060) follows brackets that could
 * begin some; and `-->`, by which they find the times, becomes an arrow.
 */
const inert = (text: string): string =>
  text.replaceAll("-->", "→").replace(/<(?=[a-z/])|\{(?=[a-z\\])/gi, "$&\u2060");
