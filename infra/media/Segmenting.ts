import { Array as Arr, Effect } from "effect";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { manifest } from "../../domain/media/DashManifest.ts";
import { mainPlaylist, mediaPlaylist } from "../../domain/media/HlsPlaylist.ts";
import { traits } from "../../domain/media/OutputFormat.ts";
import type { Encoding } from "../../domain/media/OutputSpec.ts";
import {
  frameSamples,
  headName,
  playlistName,
  segmentName,
  variantName,
} from "../../domain/media/Streaming.ts";
import { badInput, outputTooLarge } from "./BadInput.ts";
import { unavailable } from "./FfmpegProcess.ts";
import { readFragments, readStretch } from "./Fragments.ts";
import { remove } from "./SoundFiles.ts";
import { maxBytesOf, nothingIn, type RenderLimits } from "./Verify.ts";

/** An output for streaming as ffmpeg has written it, and the number of samples that its encoders got, if that is known. */
interface Encoded {
  readonly encoding: Encoding;
  /** A fragmented MP4 file for each bit rate. */
  readonly variants: Arr.NonEmptyReadonlyArray<{ readonly bitrateKbps: number; readonly path: string }>;
  readonly samples: number | null;
}

/**
 * Cuts the variants of an output for streaming into segments. Its playlist or manifest is written to `directory`, the rest to a directory
 * below that is named like the output. Only the file of the last variant is kept. The hash is that of all that was written.
 */
export const segment = Effect.fnUntraced(function* (
  { encoding, variants: files, samples }: Encoded,
  directory: string,
  sourceSeconds: number,
  limits: RenderLimits,
) {
  const { name, format, sampleRate } = encoding;
  const variants = yield* Effect.forEach(files, readVariant);
  const [{ segments: cuts }] = variants;
  const played = cuts.reduce((sum, segment) => sum + segment.samples, 0);
  if (played <= 0) return yield* nothingIn(format, sourceSeconds);
  const bytes = variants.flatMap(({ head, segments }) => [head, ...segments]);
  if (bytes.reduce((sum, stretch) => sum + stretch.bytes, 0) > maxBytesOf(encoding, limits)) {
    return yield* outputTooLarge;
  }
  const isAligned = variants.every(({ segments }) =>
    segments.length === cuts.length &&
    segments.every((segment, index) => segment.samples === cuts[index]?.samples)
  );
  if (!isAligned || Math.abs(played - (samples ?? played)) > 2 * frameSamples) {
    return yield* badInput("ENCODE_FAILED", "encode", "The variants do not hold what went into them");
  }

  const hash = createHash("sha256");
  let sizeBytes = 0;
  const write = (path: string, content: Uint8Array) => {
    hash.update(content);
    sizeBytes += content.length;
    return Effect.tryPromise({ try: () => writeFile(path, content), catch: unavailable });
  };
  const below = join(directory, name);
  yield* Effect.tryPromise({ try: () => mkdir(below, { recursive: true }), catch: unavailable });
  for (const variant of variants) {
    const { bitrateKbps, path, head, segments } = variant;
    const id = variantName(bitrateKbps);
    yield* write(join(below, headName(id)), yield* readStretch(path, head));
    for (const [index, stretch] of segments.entries()) {
      yield* write(join(below, segmentName(id, index + 1)), yield* readStretch(path, stretch));
    }
    if (format === "hls") {
      yield* write(join(below, playlistName(id)), Buffer.from(mediaPlaylist(variant, sampleRate)));
    }
    if (variant !== variants.at(-1)) yield* remove(path);
  }
  const path = join(directory, `${name}.${traits[format].extension}`);
  const leading = format === "hls"
    ? mainPlaylist(name, variants, sampleRate)
    : manifest(name, variants, encoding);
  yield* write(path, Buffer.from(leading));
  return {
    ...{ encoding, path, sizeBytes, sha256: hash.digest("hex"), durationSeconds: played / sampleRate },
    streaming: {
      bitratesKbps: Arr.map(variants, ({ bitrateKbps }) => bitrateKbps),
      segments: cuts.length,
    },
  };
});

const readVariant = (file: Encoded["variants"][number]) =>
  Effect.map(readFragments(file.path), ({ head, fragments }) => {
    const segments = fragments.map(({ duration, ...stretch }, index) => ({
      ...stretch,
      samples: duration - (index === 0 ? frameSamples : 0),
    }));
    const last = segments.at(-1), before = segments.at(-2);
    // A player that does not know of the encoder's delay finds nothing in so short a rest, and waits for it without end.
    if (before && last && last.samples < 2 * frameSamples) {
      const joined = { ...before, bytes: before.bytes + last.bytes, samples: before.samples + last.samples };
      segments.splice(-2, 2, joined);
    }
    return { ...file, head, segments };
  });
