import { Effect } from "effect";
import type { Buffer } from "node:buffer";
import { open } from "node:fs/promises";
import type { MediaError } from "../../services/MediaEngine.ts";
import { unavailable } from "./FfmpegProcess.ts";
import { readAt } from "./FileBytes.ts";

/** A stretch of a file. */
export interface Stretch {
  readonly start: number;
  readonly bytes: number;
}

/** An MP4 file of one track in fragments: what describes the track, and the fragments with their durations in units of the track. */
export interface FragmentedFile {
  readonly head: Stretch;
  readonly fragments: ReadonlyArray<Stretch & { readonly duration: number }>;
}

/** Finds the fragments of a file (ISO/IEC 14496-12, 8.8): each is a box `moof` and the `mdat` behind it. */
export const readFragments = (path: string): Effect.Effect<FragmentedFile, MediaError> =>
  Effect.tryPromise({
    try: async () => {
      await using file = await open(path, "r");
      const { size } = await file.stat();
      const fragments: Array<FragmentedFile["fragments"][number]> = [];
      let start = size, duration = 0;
      for (let at = 0; at < size;) {
        const box = boxAt(await readAt(file, at, 8), 0);
        if (box.type === "moof") {
          start = at;
          duration = durationOf(await readAt(file, at, box.bytes));
        }
        at += box.bytes;
        if (box.type === "mdat") fragments.push({ start, bytes: at - start, duration });
      }
      return { head: { start: 0, bytes: fragments[0]?.start ?? size }, fragments };
    },
    catch: unavailable,
  });

/** The bytes of a stretch of a file. */
export const readStretch = (path: string, { start, bytes }: Stretch): Effect.Effect<Buffer, MediaError> =>
  Effect.tryPromise({
    try: async () => {
      await using file = await open(path, "r");
      return await readAt(file, start, bytes);
    },
    catch: unavailable,
  });

const boxAt = (buffer: Buffer, at: number) => {
  const bytes = buffer.readUInt32BE(at);
  if (bytes < 8) throw new RangeError(`Not the size of a box: ${bytes}`);
  return { bytes, type: buffer.toString("latin1", at + 4, at + 8) };
};

/** The sum of the durations of a fragment's samples: each has its own (in `trun`), or all have the same (in `tfhd`). */
const durationOf = (moof: Buffer): number => {
  let common = 0, duration = 0;
  for (let at = 8; at < moof.length;) {
    const { bytes, type } = boxAt(moof, at);
    const flags = moof.readUInt32BE(at + 8) & 0xffffff;
    if (type === "tfhd" && (flags & 0x8) !== 0) {
      common = moof.readUInt32BE(at + 16 + ((flags & 0x1) && 8) + ((flags & 0x2) && 4));
    }
    if (type === "trun") {
      const samples = moof.readUInt32BE(at + 12);
      const first = at + 16 + ((flags & 0x1) && 4) + ((flags & 0x4) && 4);
      const entry = [0x100, 0x200, 0x400, 0x800].filter((field) => (flags & field) !== 0).length * 4;
      for (let sample = 0; sample < samples; sample++) {
        duration += (flags & 0x100) === 0 ? common : moof.readUInt32BE(first + sample * entry);
      }
    }
    at += type === "traf" ? 8 : bytes;
  }
  return duration;
};
