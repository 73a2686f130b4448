import { Effect } from "effect";
import { Buffer } from "node:buffer";
import { type FileHandle, open } from "node:fs/promises";
import type { MediaError } from "../../services/MediaEngine.ts";
import { unavailable } from "./FfmpegProcess.ts";

/** A stretch of a file. */
export interface Stretch {
  readonly start: number;
  readonly bytes: number;
}

/** A fragmented MP4 file: what describes the track, and the fragments with their durations in units of the track. */
export interface FragmentedFile {
  readonly head: Stretch;
  readonly fragments: ReadonlyArray<Stretch & { readonly duration: number }>;
}

/**
 * Finds the fragments of a file that ffmpeg has written with an index (`sidx`) before each. The index tells the duration, and belongs
 * to no fragment. (The boxes: ISO/IEC 14496-12, 8.16.3)
 */
export const readFragments = (path: string): Effect.Effect<FragmentedFile, MediaError> =>
  Effect.tryPromise({
    try: async () => {
      await using file = await open(path, "r");
      const { size } = await file.stat();
      const fragments: Array<FragmentedFile["fragments"][number]> = [];
      let head = size, start = 0, duration = 0, box = 0;
      for (let at = 0; at < size; at += box) {
        const beginning = await readAt(file, { start: at, bytes: 48 });
        const type = beginning.toString("latin1", 4, 8);
        box = beginning.readUInt32BE(0);
        if (box < 8) throw new Error(`A box of ${box} bytes at ${at}`);
        if (type === "sidx") {
          head = Math.min(head, at);
          duration = beginning.readUInt32BE(44);
        }
        if (type === "moof") start = at;
        if (type === "mdat") fragments.push({ start, bytes: at + box - start, duration });
      }
      return { head: { start: 0, bytes: head }, fragments };
    },
    catch: unavailable,
  });

/** The bytes of a stretch of a file. */
export const readStretch = (path: string, stretch: Stretch): Effect.Effect<Buffer, MediaError> =>
  Effect.tryPromise({
    try: async () => {
      await using file = await open(path, "r");
      return await readAt(file, stretch);
    },
    catch: unavailable,
  });

const readAt = async (file: FileHandle, { start, bytes }: Stretch): Promise<Buffer> => {
  const buffer = Buffer.alloc(bytes);
  await file.read(buffer, 0, bytes, start);
  return buffer;
};
