import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import process from "node:process";

/**
 * Writes a stand-in for ffmpeg into a directory: the real one, but its lists of encoders and muxers lack every line that has one of
 * the words. Answers the PATH on which it comes first.
 */
export const ffmpegWithout = (directory: string, words: ReadonlyArray<string>): string => {
  const real = execFileSync("which", ["ffmpeg"], { encoding: "utf8" }).trim();
  const lacking = words.map((word) => `-e ' ${word} '`).join(" ") || "-e '^$'";
  const script = `#!/bin/sh
case "$*" in
  *-encoders|*-muxers) "${real}" "$@" | grep -v ${lacking} ;;
  *) exec "${real}" "$@" ;;
esac
`;
  writeFileSync(join(directory, "ffmpeg"), script, { mode: 0o755 });
  return `${directory}${delimiter}${process.env["PATH"]}`;
};
