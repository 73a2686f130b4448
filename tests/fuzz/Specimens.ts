import { execFileSync } from "node:child_process";
import { Buffer } from "node:buffer";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A small, sound file of one container and codec. */
export interface Specimen {
  readonly name: string;
  readonly bytes: Buffer;
}

/** For each container that is read, what ffmpeg makes one of: an encoder, and a muxer. */
const recipes: Readonly<Record<string, readonly [encoder: string, muxer: string]>> = {
  "wav": ["pcm_s16le", "wav"],
  "wav-float": ["pcm_f32le", "wav"],
  "wav-adpcm": ["adpcm_ms", "wav"],
  "w64": ["pcm_s24le", "w64"],
  "aiff": ["pcm_s16be", "aiff"],
  "au": ["pcm_mulaw", "au"],
  "caf": ["alac", "caf"],
  "flac": ["flac", "flac"],
  "ogg-vorbis": ["libvorbis", "ogg"],
  "ogg-opus": ["libopus", "ogg"],
  "ogg-flac": ["flac", "ogg"],
  "mp3": ["libmp3lame", "mp3"],
  "mp2": ["mp2", "mp2"],
  "m4a": ["aac", "ipod"],
  "m4a-alac": ["alac", "ipod"],
  "mp4-fragmented": ["aac", "ismv"],
  "mov": ["pcm_s16le", "mov"],
  "matroska": ["flac", "matroska"],
  "webm": ["libopus", "webm"],
  "wma": ["wmav2", "asf"],
  "aac": ["aac", "adts"],
  "ac3": ["ac3", "ac3"],
  "eac3": ["eac3", "eac3"],
  "wavpack": ["wavpack", "wv"],
  "tta": ["tta", "tta"],
};

const source = "sine=frequency=440:duration=0.5[a];anoisesrc=duration=0.5:amplitude=0.1:seed=1[b];[a][b]amix";

/** Half a second of tone and noise, with tags, in every container and codec that is read and that this ffmpeg can write. */
export const makeSpecimens = (): ReadonlyArray<Specimen> => {
  const directory = mkdtempSync(join(tmpdir(), "tapedeck-specimens-"));
  const listed = execFileSync("ffmpeg", ["-v", "error", "-encoders"], { encoding: "utf8" });
  const encoders = new Set(listed.split("\n").map((line) => line.trim().split(/ +/)[1]));
  try {
    // One that this ffmpeg was built without is left out.
    const possible = Object.entries(recipes).filter(([, [encoder]]) => encoders.has(encoder));
    return possible.map(([name, [encoder, muxer]]) => {
      const path = join(directory, name);
      const tags = ["-metadata", "title=A tone", "-metadata", "artist=Nobody", "-fflags", "+bitexact"];
      const output = ["-ar", "48000", "-ac", "2", "-c:a", encoder, ...tags, "-f", muxer, path];
      execFileSync("ffmpeg", ["-v", "error", "-f", "lavfi", "-i", source, ...output], { stdio: "pipe" });
      return { name, bytes: readFileSync(path) };
    });
  } finally {
    rmSync(directory, { recursive: true });
  }
};
