import { Effect, Stream } from "effect";
import { Buffer } from "node:buffer";
import { dirname } from "node:path";
import { coverBounds, coverOf } from "../../domain/media/Cover.ts";
import { ProcessFailed, run } from "./FfmpegProcess.ts";
import type { Header } from "./Header.ts";
import { inputArguments } from "./InputArguments.ts";

/**
 * The bytes of the picture in a file as they are, never decoded; `null` without one, or where it is no JPEG or PNG within the bounds: a
 * bad picture says nothing about the audio.
 */
export const readPicture = Effect.fnUntraced(function* (path: string, { picture }: Pick<Header, "picture">) {
  if (picture === null) return null;
  const { output } = yield* run({
    name: "ffmpeg picture",
    program: "ffmpeg",
    args: [
      ...[...inputArguments(path), "-map", `0:${picture}`, "-c", "copy", "-frames:v", "1"],
      ...["-f", "image2pipe", "pipe:1"],
    ],
    directory: dirname(path),
    cpuSeconds: 30,
  }, collect).pipe(Effect.catchTag("ProcessFailed", () => Effect.succeed({ output: null })));
  return output && coverOf(output) && output;
});

/** All of a picture that is not too large. */
const collect = <E>(stdout: Stream.Stream<Uint8Array, E>) =>
  Stream.runFoldEffect(
    stdout,
    () => new Uint8Array(0),
    (picture, chunk) =>
      picture.length + chunk.length > coverBounds.bytes.source
        ? Effect.fail(new ProcessFailed({ reason: "OutputLimit", exitCode: null, log: "" }))
        : Effect.succeed(new Uint8Array(Buffer.concat([picture, chunk]))),
  );
