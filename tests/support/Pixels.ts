import { execFileSync } from "node:child_process";
import { Buffer } from "node:buffer";

/** The pixels of a PNG as ffmpeg reads it: red, green, blue and opacity, 0 to 255. It complains of every fault, checksums included. */
export const pixelsOf = (png: Uint8Array) => {
  const view = Buffer.from(png);
  const width = view.readUInt32BE(16), height = view.readUInt32BE(20);
  const rgba = execFileSync("ffmpeg", [
    ...["-hide_banner", "-loglevel", "error", "-xerror", "-err_detect", "crccheck+explode", "-f", "png_pipe"],
    ...["-i", "pipe:0", "-pix_fmt", "rgba", "-f", "rawvideo", "pipe:1"],
  ], { input: png, maxBuffer: 64 * 1024 ** 2 });
  if (rgba.length !== 4 * width * height) throw new Error(`ffmpeg read ${rgba.length} bytes of pixels`);
  return {
    width,
    height,
    pixels: Array.from({ length: width * height }, (_, i) => [...rgba.subarray(4 * i, 4 * i + 4)]),
  };
};
