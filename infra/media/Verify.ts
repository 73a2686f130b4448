import { Effect } from "effect";
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { type OutputFormat, traits } from "../../domain/media/OutputFormat.ts";
import { durationSlack } from "../../domain/media/MediaFacts.ts";
import type { Encoding } from "../../domain/media/OutputSpec.ts";
import type { MediaError, RenderedFile } from "../../services/MediaEngine.ts";
import { badInput, nothingDecoded, outputTooLarge } from "./BadInput.ts";
import { unavailable } from "./FfmpegProcess.ts";
import { readHeader } from "./Header.ts";
import * as LameTag from "./LameTag.ts";

/** What an output may be. */
export interface RenderLimits {
  readonly maxSeconds: number;
  readonly maxBytes: number;
}

/** The sizes in AIFF's header are 32-bit numbers, and no compressed format needs more. WAV goes on as RF64 (EBU Tech 3306). */
const max32BitBytes = 4 * 1024 ** 3 - 1024 ** 2;

/** How large an output may get, with all its files. */
export const maxBytesOf = ({ format }: Encoding, limits: RenderLimits): number =>
  format === "wav" ? limits.maxBytes : Math.min(limits.maxBytes, max32BitBytes);

/** Some formats cannot hold a few samples: what is written is empty or cannot be read. */
const shortSeconds = 0.1;

/** The failure of an output that holds no audio. */
export const nothingIn = (format: OutputFormat, sourceSeconds: number): MediaError =>
  sourceSeconds < shortSeconds
    ? badInput("ENCODE_FAILED", "encode", `The audio is too short for ${format}`)
    : nothingDecoded;

/** The facts of an output that ffmpeg has written, given the number of samples that its encoder got, if that is known. */
export const verify = Effect.fnUntraced(function* (
  { encoding, path, samples }: Pick<RenderedFile, "encoding" | "path"> & { readonly samples: number | null },
  sourceSeconds: number,
  limits: RenderLimits,
) {
  const { size } = yield* Effect.tryPromise({ try: () => stat(path), catch: unavailable });
  if (encoding.format === "mp3" && samples !== null) yield* LameTag.setSamples(path, samples);
  if (size > maxBytesOf(encoding, limits)) return yield* outputTooLarge;
  const encodedSeconds = samples && Math.round(1e6 * samples / encoding.sampleRate) / 1e6;
  const durationSeconds = yield* readHeader(path).pipe(
    Effect.map(({ declaredSeconds, guessedSeconds }) =>
      // Headers of MP3 and Opus count what the encoder added. Bare streams declare nothing.
      declaredSeconds === null ||
        traits[encoding.format].isGapless && isAbout(declaredSeconds, encodedSeconds)
        ? encodedSeconds ?? guessedSeconds
        : declaredSeconds
    ),
    Effect.catchIf(({ reason }) => reason._tag === "BadInput", () => Effect.succeed(null)),
  );
  if (!durationSeconds) return yield* nothingIn(encoding.format, sourceSeconds);
  return { encoding, path, sizeBytes: size, sha256: yield* digest(path), durationSeconds };
});

/** Encoders add a few frames at most. */
const isAbout = (declaredSeconds: number, encodedSeconds: number | null): boolean =>
  encodedSeconds !== null && Math.abs(declaredSeconds - encodedSeconds) <= durationSlack(encodedSeconds);

const digest = (path: string) =>
  Effect.tryPromise({
    try: async (signal) => {
      const hash = createHash("sha256");
      await pipeline(createReadStream(path), hash, { signal });
      return hash.digest("hex");
    },
    catch: unavailable,
  });
