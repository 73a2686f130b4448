import { Buffer } from "node:buffer";
import { fileURLToPath } from "node:url";
import { ffmpeg, silence, wav } from "./Audio.ts";

/** A man says "go forward ten meters", within 2.8 s, in one channel at 16 kHz. */
export const goForward = fileURLToPath(new URL("./speech/go-forward.flac", import.meta.url));

/** Where that clip begins for the second time in what `saidTwice` writes. */
export const secondTime = 3.8;

/** Writes that clip twice, in stereo at 44.1 kHz, the second time cut right behind its last word. */
export const saidTwice = (path: string): void => {
  ffmpeg(
    ...["-i", goForward, "-filter_complex"],
    `[0]asplit[a][b];[a]apad=whole_dur=${secondTime}[a];[b]atrim=end=2.06[b];[a][b]concat=n=2:v=0:a=1`,
    ...["-ar", "44100", "-ac", "2", "-f", "flac", path],
  );
};

/** A file for recognisers with these samples. Its header tells no length: this is for minutes of speech. */
export const speechOf = (samples: Int16Array): Buffer =>
  Buffer.concat([
    wav(silence({ seconds: 0, sampleRate: 16_000, channels: 1 })),
    Buffer.from(samples.buffer),
  ]);
