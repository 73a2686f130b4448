import { Effect, Record } from "effect";
import type { BitDepth, OutputFormat } from "../../domain/media/OutputFormat.ts";
import type { FormatSupport } from "../../services/MediaEngine.ts";
import { runProgram } from "../system/Program.ts";
import { unavailable } from "./FfmpegProcess.ts";

/** How a format is written. */
interface Codec {
  /** The names of ffmpeg's encoder and muxer. */
  readonly encoder: string;
  readonly muxer: string;
  /** How long it takes to encode as many samples, relative to the others. */
  readonly work: number;
}

/** How each format is written. */
export const codecs: Readonly<Record<OutputFormat, Codec>> = {
  mp3: { encoder: "libmp3lame", muxer: "mp3", work: 15 },
  m4a: { encoder: "aac", muxer: "ipod", work: 26 },
  aac: { encoder: "aac", muxer: "adts", work: 26 },
  opus: { encoder: "libopus", muxer: "opus", work: 14 },
  ogg: { encoder: "libvorbis", muxer: "ogg", work: 17 },
  flac: { encoder: "flac", muxer: "flac", work: 3 },
  alac: { encoder: "alac", muxer: "ipod", work: 5 },
  wav: { encoder: "pcm_s16le", muxer: "wav", work: 1 },
  aiff: { encoder: "pcm_s16be", muxer: "aiff", work: 1 },
  wma: { encoder: "wmav2", muxer: "asf", work: 5 },
  amr: { encoder: "libopencore_amrnb", muxer: "amr", work: 5 },
  ac3: { encoder: "ac3", muxer: "ac3", work: 4 },
  hls: { encoder: "aac", muxer: "mp4", work: 26 },
  dash: { encoder: "aac", muxer: "mp4", work: 26 },
};

/** What decoding a source, and passing it on, is beside that. */
export const decodingWork = 4;

/** The name of ffmpeg's encoder of PCM samples of a size, in the byte order of a container. */
export const pcmEncoder = (bitDepth: BitDepth, order: "le" | "be"): string =>
  `pcm_${bitDepth === "float" ? "f32" : `s${bitDepth}`}${order}`;

/** Which formats the ffmpeg on the PATH can write, by its own lists of encoders and muxers. */
export const findFormats = Effect.gen(function* () {
  const encoders = namesIn(yield* ask("-encoders"), /^ A\S* +(\S+)/gm);
  const muxers = namesIn(yield* ask("-muxers"), /^ +D?E\S* +(\S+)/gm);
  const supportOf = (format: OutputFormat): FormatSupport => {
    const { encoder, muxer } = codecs[format];
    const missing = !encoders.has(encoder)
      ? `ffmpeg was built without the encoder ${encoder}`
      : !muxers.has(muxer)
      ? `ffmpeg was built without the muxer ${muxer}`
      : null;
    return { encoder, missing };
  };
  return Record.map(codecs, (_, format) => supportOf(format));
});

const ask = (list: "-encoders" | "-muxers") =>
  runProgram("ffmpeg", ["-hide_banner", list]).pipe(
    Effect.timeout("30 seconds"),
    Effect.mapError(unavailable),
    // One that is being replaced at this moment must not pass for one that can do nothing.
    Effect.flatMap(({ exitCode, output }) =>
      exitCode === 0
        ? Effect.succeed(output)
        : Effect.fail(unavailable(new Error(`ffmpeg ${list} failed: ${output.slice(-500)}`)))
    ),
  );

const namesIn = (list: string, line: RegExp): ReadonlySet<string | undefined> =>
  new Set([...list.matchAll(line)].map(([, name]) => name));
