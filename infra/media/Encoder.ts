import { Effect } from "effect";
import { runProgram } from "../system/Program.ts";
import { unavailable } from "./FfmpegProcess.ts";

/** The ffmpeg on the PATH by its name and version, such as "ffmpeg 7.1.1". */
export const encoder = runProgram("ffmpeg", ["-version"]).pipe(
  Effect.mapError(unavailable),
  Effect.flatMap(({ output }) => {
    const name = /^ffmpeg version (\S+)/.exec(output)?.[1];
    return name === undefined
      ? Effect.fail(unavailable(new Error(`ffmpeg does not tell its version: ${output.slice(0, 200)}`)))
      : Effect.succeed(`ffmpeg ${name}`);
  }),
);
