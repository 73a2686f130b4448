import { execFileSync } from "node:child_process";

/** The samples of an audio file, interleaved, as ffmpeg decodes them with options for its output. Throws when ffmpeg fails. */
export const decodeFloats = (path: string, ...options: ReadonlyArray<string>): Float32Array => {
  const args = ["-v", "error", "-nostdin", "-i", path, ...options, "-f", "f32le", "-"];
  const { buffer, byteOffset, byteLength } = execFileSync("ffmpeg", args, { maxBuffer: 2 ** 30 });
  return new Float32Array(buffer.slice(byteOffset, byteOffset + byteLength));
};
