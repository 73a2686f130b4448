import { mkdirSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import process from "node:process";

/**
 * Writes a stand-in for whisper.cpp's command line into a directory: it notes its arguments and its limits there, and goes on with
 * `script`, which knows the file of the transcript as `$out`. Answers the PATH on which it comes first.
 */
export const whisperThat = (directory: string, script: string): string => {
  mkdirSync(directory, { recursive: true });
  const program = `#!/bin/sh
printf '%s\\n' "$@" > "${directory}/arguments"
ulimit -t > "${directory}/limits"; ulimit -v >> "${directory}/limits"
while [ $# -gt 0 ]; do [ "$1" = -of ] && out="$2.json"; shift; done
${script}
`;
  writeFileSync(join(directory, "whisper-cli"), program, { mode: 0o755 });
  return `${directory}${delimiter}${process.env["PATH"]}`;
};
