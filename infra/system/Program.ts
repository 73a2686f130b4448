import { Effect, Stream } from "effect";
import { ChildProcess } from "effect/process";
import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { delimiter, join } from "node:path";
import process from "node:process";

/** Runs a program without stdin; returns its exit code and what it wrote on stdout and stderr. */
export const runProgram = Effect.fnUntraced(function* (program: string, args: ReadonlyArray<string>) {
  const child = yield* ChildProcess.make(program, args, { stdin: "ignore" });
  const output = yield* child.all.pipe(Stream.decodeText(), Stream.mkString);
  return { exitCode: yield* child.exitCode, output };
}, Effect.scoped);

/** The directories of the PATH, in order. */
export const searchPath = (): ReadonlyArray<string> =>
  (process.env["PATH"] ?? "").split(delimiter).filter((directory) => directory !== "");

/** The first of the directories that holds every one of the programs, or undefined. */
export const directoryOf = (programs: ReadonlyArray<string>, directories: ReadonlyArray<string>) =>
  Effect.promise(async () => {
    for (const directory of directories) {
      const checks = programs.map((program) => access(join(directory, program), constants.X_OK));
      if ((await Promise.allSettled(checks)).every(({ status }) => status === "fulfilled")) return directory;
    }
    return undefined;
  });
