import { execFileSync } from "node:child_process";
import { musicRate } from "../../domain/signal/MusicRate.ts";

/** An audio file as ffmpeg decodes it to one channel at `musicRate`. Throws when ffmpeg fails. */
export const decodeClip = (path: string): Float32Array => {
  const options = [
    "-v",
    "error",
    "-nostdin",
    "-i",
    path,
    "-ac",
    "1",
    "-ar",
    `${musicRate}`,
    "-f",
    "f32le",
    "-",
  ];
  const bytes = execFileSync("ffmpeg", options, { maxBuffer: 2 ** 30 });
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
};
