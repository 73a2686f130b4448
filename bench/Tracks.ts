import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Effect } from "effect";

/** A chord of A major in pulses of 120 a minute, over noise: enough for encoders and meters to have work. */
const music = (seconds: number): string => {
  const pulse = "exp(-6*mod(t\\,0.5))";
  const chord = [110, 220, 277.18, 329.63].map((hertz) => `0.12*sin(2*PI*${hertz}*t)`).join("+");
  return [
    `aevalsrc=(${chord})*${pulse}|(${chord})*${pulse}*0.8:s=44100:d=${seconds}[a]`,
    `anoisesrc=c=pink:a=0.05:r=44100:d=${seconds}:seed=7,pan=stereo|c0=c0|c1=c0[b]`,
    "[a][b]amix=normalize=0",
  ].join(";");
};

/** A directory for media files, removed with the scope. */
export const mediaDirectory = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "tapedeck-bench-media-"))),
  (directory) => Effect.sync(() => rmSync(directory, { recursive: true })),
);

/** Makes a track of stereo at 44.1 kHz; the extension of its path says in which format. */
export const makeTrack = (path: string, seconds: number): void => {
  execFileSync("ffmpeg", ["-v", "error", "-y", "-f", "lavfi", "-i", music(seconds), path]);
};

/** Makes a track of another one that is played again and again. */
export const loopTrack = (from: string, times: number, path: string): void => {
  execFileSync("ffmpeg", ["-v", "error", "-stream_loop", String(times - 1), "-i", from, "-c", "copy", path]);
};
