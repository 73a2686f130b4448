import { cueTimes } from "./CueTimes.ts";
import type { Transcript } from "./Transcript.ts";

/** A transcript as WebVTT (W3C, "WebVTT: The Web Video Text Tracks Format"), a cue for each segment. */
export const webVtt = ({ segments }: Transcript): string =>
  ["WEBVTT\n", ...segments.map((segment) => `${cueTimes(segment, ".")}\n${escaped(segment.text)}\n`)]
    .join("\n");

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };

/** With `>` goes the arrow `-->`, which no text may have. */
const escaped = (text: string): string => text.replace(/[&<>]/g, (character) => entities[character] ?? "");
