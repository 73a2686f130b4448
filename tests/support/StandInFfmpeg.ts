import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import process from "node:process";

/** Writes a stand-in for ffmpeg into a directory: lines of a shell script in which `$real` is the real one. Answers the PATH on which it comes first. */
const standIn = (directory: string, lines: string): string => {
  const real = execFileSync("which", ["ffmpeg"], { encoding: "utf8" }).trim();
  writeFileSync(join(directory, "ffmpeg"), `#!/bin/sh\nreal="${real}"\n${lines}\n`, { mode: 0o755 });
  return `${directory}${delimiter}${process.env["PATH"]}`;
};

/** A stand-in that is the real one, but its lists of encoders and muxers lack every line that has one of the words. */
export const ffmpegWithout = (directory: string, words: ReadonlyArray<string>): string => {
  const lacking = words.map((word) => `-e ' ${word} '`).join(" ") || "-e '^$'";
  return standIn(
    directory,
    `case "$*" in
  *-encoders|*-muxers) "$real" "$@" | grep -v ${lacking} ;;
  *) exec "$real" "$@" ;;
esac`,
  );
};

/** A stand-in that is the real one, but has no file descriptor 3. */
export const ffmpegWithoutSecondPipe = (directory: string): string =>
  standIn(directory, 'exec "$real" "$@" 3>&-');
