import { open } from "node:fs/promises";

const sampleRate = 16_000;
const headerBytes = 44;

/** 19 MB as a WAV file: services take up to 25 MB. */
const longestSeconds = 600;

/** A piece that is not the last one ends where it is quietest between here and a second before the longest. */
const shortestSeconds = 580;
const quietSeconds = 0.1;

/** A piece of a file of speech: a WAV file of its own. */
export interface SpeechPiece {
  readonly startSeconds: number;
  readonly seconds: number;
  readonly wav: Uint8Array<ArrayBuffer>;
}

/** Reads a file for recognisers in pieces of ten minutes at most, that are cut where it is quiet. */
export async function* speechPieces(path: string): AsyncGenerator<SpeechPiece> {
  await using file = await open(path, "r");
  const header = new Uint8Array(headerBytes);
  await file.read(header, 0, headerBytes, 0);
  const { size } = await file.stat();
  const total = Math.floor((size - headerBytes) / 2);
  for (let start = 0; start < total;) {
    const wav = new Uint8Array(headerBytes + 2 * Math.min(total - start, longestSeconds * sampleRate));
    const { bytesRead } = await file.read(
      wav,
      headerBytes,
      wav.length - headerBytes,
      headerBytes + 2 * start,
    );
    if (bytesRead < wav.length - headerBytes) throw new Error(`${path} was cut while it was read`);
    const isLast = start + longestSeconds * sampleRate >= total;
    const samples = isLast ? bytesRead / 2 : quietest(new Int16Array(wav.buffer, headerBytes));
    wav.set(header);
    const view = new DataView(wav.buffer);
    view.setUint32(4, headerBytes - 8 + 2 * samples, true);
    view.setUint32(40, 2 * samples, true);
    yield {
      startSeconds: start / sampleRate,
      seconds: samples / sampleRate,
      wav: wav.subarray(0, headerBytes + 2 * samples),
    };
    start += samples;
  }
}

/** The middle of the quietest tenth of a second at the end of a piece, as the number of samples before it. */
const quietest = (samples: Int16Array): number => {
  const length = quietSeconds * sampleRate;
  let best = shortestSeconds * sampleRate, least = Infinity;
  for (let at = best; at + length <= (longestSeconds - 1) * sampleRate; at += length) {
    let energy = 0;
    for (let i = at; i < at + length; i++) energy += samples[i]! ** 2;
    if (energy < least) [best, least] = [at, energy];
  }
  return best + length / 2;
};
