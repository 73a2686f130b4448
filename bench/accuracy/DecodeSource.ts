import { execFileSync } from "node:child_process";
import { decodeFloats } from "./DecodeFloats.ts";

/** An audio file as it is: interleaved samples at its own rate. */
export interface Source {
  readonly sampleRate: number;
  readonly channels: number;
  readonly samples: Float32Array;
}

/** Decodes a file without resampling or mixing it. Throws when ffmpeg or ffprobe fails. */
export const decodeSource = (path: string): Source => {
  const fields = ["-select_streams", "a:0", "-show_entries", "stream=sample_rate,channels"];
  const told = execFileSync("ffprobe", ["-v", "error", ...fields, "-of", "csv=p=0", path], {
    encoding: "utf8",
  });
  const [sampleRate = 0, channels = 0] = told.trim().split(",").map(Number);
  return { sampleRate, channels, samples: decodeFloats(path) };
};
