import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What ffprobe says about a file with one audio stream. Rates in hertz, bits per second. */
export interface Probed {
  readonly format: string;
  readonly codec: string;
  readonly sampleRate: number;
  readonly channels: number;
  readonly durationSeconds: number;
  readonly bitRate: number;
}

/** Runs ffprobe on the bytes of a file. */
export const ffprobe = (bytes: Uint8Array): Probed => {
  const directory = mkdtempSync(join(tmpdir(), "tapedeck-ffprobe-"));
  try {
    const path = join(directory, "file");
    writeFileSync(path, bytes);
    const args = ["-v", "error", "-of", "json", "-show_format", "-show_streams", path];
    const { streams: [stream], format } = JSON.parse(execFileSync("ffprobe", args, { encoding: "utf8" }));
    return {
      format: format.format_name,
      codec: stream.codec_name,
      sampleRate: Number(stream.sample_rate),
      channels: stream.channels,
      durationSeconds: Number(format.duration),
      bitRate: Number(format.bit_rate),
    };
  } finally {
    rmSync(directory, { recursive: true });
  }
};
