import { Effect } from "effect";
import type { Buffer } from "node:buffer";
import { open } from "node:fs/promises";
import type { MediaError } from "../../services/MediaEngine.ts";
import { unavailable } from "./FfmpegProcess.ts";
import { readAt } from "./FileBytes.ts";

/**
 * Writes into an MP3 file's LAME tag how many samples are to be played: `samples`, after the encoder's delay. ffmpeg counts the
 * silence at the end in the last frame only, and LAME often adds more. Leaves a file without such a tag as it is. (The tag:
 * http://gabriel.mp3-tech.org/mp3infotag.html)
 */
export const setSamples = (path: string, samples: number): Effect.Effect<void, MediaError> =>
  Effect.tryPromise({
    try: async () => {
      await using file = await open(path, "r+");
      const id3 = await readAt(file, 0, 10);
      const start = id3.toString("latin1", 0, 3) === "ID3" ? 10 + synchsafe(id3.subarray(6)) : 0;
      const frame = await readAt(file, start, frameBytes);
      const tag = tagOffset(frame);
      if (tag === null) return;
      const isVersion1 = ((frame[1] ?? 0) & 0x08) !== 0;
      const coded = frame.readUInt32BE(tag + 8) * (isVersion1 ? 1_152 : 576);
      const delays = tag + 141;
      const delay = frame.readUIntBE(delays, 3) >> 12;
      const padding = coded - delay - samples;
      if (padding < 0 || padding > 0xfff) return;
      frame.writeUIntBE(delay << 12 | padding, delays, 3);
      frame.writeUInt16BE(0, tag + 154);
      frame.writeUInt16BE(crc16(frame.subarray(0, checkedBytes)), tag + 154);
      await file.write(frame, delays, tag + 156 - delays, start + delays);
    },
    catch: unavailable,
  });

/** No more is needed of the first frame: header, side information, tag. */
const frameBytes = 256;

/** What the check sum is taken of. */
const checkedBytes = 190;

/** Where the tag stands in a frame, after 9, 17 or 32 bytes of side information. */
const tagOffset = (frame: Buffer): number | null =>
  [13, 21, 36].find((offset) => ["Xing", "Info"].includes(frame.toString("latin1", offset, offset + 4))) ??
    null;

const synchsafe = (bytes: Uint8Array): number =>
  bytes.slice(0, 4).reduce((size, byte) => size << 7 | byte, 0);

/** CRC-16/ARC. */
const crc16 = (bytes: Uint8Array): number =>
  bytes.reduce((sum, byte) => {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) sum = (sum & 1) === 0 ? sum >> 1 : sum >> 1 ^ 0xa001;
    return sum;
  }, 0);
