import { Effect, Record } from "effect";
import type { BitDepth, OutputFormat } from "../../domain/media/OutputFormat.ts";
import type { FormatSupport } from "../../services/MediaEngine.ts";
import { runProgram } from "../system/Program.ts";
import { unavailable } from "./FfmpegProcess.ts";

/** The names of ffmpeg's encoder and muxer for each format. */
export const codecs: Readonly<Record<OutputFormat, { readonly encoder: string; readonly muxer: string }>> = {
  mp3: { encoder: "libmp3lame", muxer: "mp3" },
  m4a: { encoder: "aac", muxer: "ipod" },
  aac: { encoder: "aac", muxer: "adts" },
  opus: { encoder: "libopus", muxer: "opus" },
  ogg: { encoder: "libvorbis", muxer: "ogg" },
  flac: { encoder: "flac", muxer: "flac" },
  alac: { encoder: "alac", muxer: "ipod" },
  wav: { encoder: "pcm_s16le", muxer: "wav" },
  aiff: { encoder: "pcm_s16be", muxer: "aiff" },
  wma: { encoder: "wmav2", muxer: "asf" },
  amr: { encoder: "libopencore_amrnb", muxer: "amr" },
  ac3: { encoder: "ac3", muxer: "ac3" },
  hls: { encoder: "aac", muxer: "mp4" },
  dash: { encoder: "aac", muxer: "mp4" },
};

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
