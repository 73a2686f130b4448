import { Effect, Result, Schema, Stream } from "effect";
import { Buffer } from "node:buffer";
import { open, stat } from "node:fs/promises";
import { dirname } from "node:path";
import type { Chapter } from "../../domain/media/Chapter.ts";
import type { SampleKind } from "../../domain/signal/SampleKind.ts";
import { badInput, tooSlow } from "./BadInput.ts";
import { run, unavailable } from "./FfmpegProcess.ts";
import { probeArguments } from "./InputArguments.ts";

/** What a file says about its first audio stream. */
export interface Header {
  /** The short name of the format, such as `wav`, `mp4` or `webm`. */
  readonly container: string;
  readonly codec: string;
  readonly sampleRate: number;
  readonly channels: number;
  /** ffmpeg's name for what the channels are, such as `5.1(side)`; `null` where nobody knows. */
  readonly layout: string | null;
  readonly bitRate: number | null;
  /** The samples have more than 16 bits, and the codec keeps them. */
  readonly isWide: boolean;
  /** What they are decoded to, by ffmpeg's name. */
  readonly sampleFormat: string | null;
  /** What the samples are; those stored as floating-point numbers may be NaN or infinite. */
  readonly samples: SampleKind;
  /** The duration that the file declares, if it does. */
  readonly declaredSeconds: number | null;
  /** The duration that ffmpeg guesses from the size of the file, where none is declared. */
  readonly guessedSeconds: number | null;
  /** How sure ffmpeg is of the format, up to 100. */
  readonly probeScore: number;
  readonly tags: Readonly<Record<string, string>>;
  /** As the file has them, in whatever order. */
  readonly chapters: ReadonlyArray<Chapter>;
  /** The number of the stream that is a picture, the front cover if one says so; `null` without any. */
  readonly picture: number | null;
}

const NumberText = Schema.optionalKey(Schema.FiniteFromString);
const Tags = Schema.optionalKey(Schema.Record(Schema.String, Schema.String));

const ProbeReport = Schema.fromJsonString(Schema.Struct({
  streams: Schema.Array(Schema.Struct({
    index: Schema.Int,
    codec_type: Schema.optionalKey(Schema.String),
    codec_name: Schema.optionalKey(Schema.String),
    sample_fmt: Schema.optionalKey(Schema.String),
    sample_rate: NumberText,
    channels: Schema.optionalKey(Schema.Int),
    channel_layout: Schema.optionalKey(Schema.String),
    bits_per_sample: Schema.optionalKey(Schema.Int),
    bits_per_raw_sample: NumberText,
    duration: NumberText,
    bit_rate: NumberText,
    disposition: Schema.optionalKey(Schema.Struct({ attached_pic: Schema.Int })),
    tags: Tags,
  })),
  chapters: Schema.Array(Schema.Struct({ start_time: NumberText, end_time: NumberText, tags: Tags })),
  format: Schema.Struct({
    format_name: Schema.String,
    duration: NumberText,
    bit_rate: NumberText,
    probe_score: Schema.Int,
    tags: Tags,
  }),
}));

const entries = [
  "format=format_name,duration,bit_rate,probe_score",
  "format_tags",
  "stream=index,codec_type,codec_name,sample_fmt,sample_rate,channels,channel_layout",
  "stream=bits_per_sample,bits_per_raw_sample,duration,bit_rate",
  "stream_tags",
  "stream_disposition=attached_pic",
  "chapter=start_time,end_time",
  "chapter_tags=title",
].join(":");

const maxReportCharacters = 32 * 1024 ** 2;
const wideBits = 17;

/** Reads the header of a file, without decoding more than it takes to find out what the stream is. */
export const readHeader = Effect.fnUntraced(function* (path: string) {
  const { size } = yield* Effect.tryPromise({ try: () => stat(path), catch: unavailable });
  if (size === 0) return yield* badInput("EMPTY_AUDIO", "probe", "The file is empty");
  const { output, log } = yield* run({
    name: "ffprobe",
    program: "ffprobe",
    args: [...probeArguments(path), "-of", "json", "-show_entries", entries],
    directory: dirname(path),
    cpuSeconds: 30,
  }, collect).pipe(Effect.catchTag(
    "ProcessFailed",
    ({ reason }) => Effect.fail(reason === "TimeLimit" ? tooSlow("probe") : unsupported()),
  ));
  const report = Schema.decodeResult(ProbeReport)(output);
  if (Result.isFailure(report)) return yield* unsupported();
  const { format, streams, chapters } = report.success;
  const stream = streams.find(({ codec_type }) => codec_type === "audio");
  const pictures = streams.filter(({ disposition }) => disposition?.attached_pic === 1);
  if (stream?.codec_name === undefined || !stream.sample_rate || !stream.channels) {
    return yield* unsupported();
  }
  const bits = stream.bits_per_raw_sample ?? stream.bits_per_sample ?? 0;
  const seconds = stream.duration ?? format.duration ?? null;
  const isFloat = /^(?:flt|dbl)/.test(stream.sample_fmt ?? "");
  const isGuess = log.includes("Estimating duration from bitrate");
  const header: Header = {
    container: yield* containerOf(format.format_name, path),
    codec: stream.codec_name,
    sampleRate: stream.sample_rate,
    channels: stream.channels,
    layout: /^[\w.]+(?:\(\w+\))?$/.exec(stream.channel_layout ?? "")?.[0] ?? null,
    bitRate: stream.bit_rate ?? format.bit_rate ?? null,
    isWide: bits >= wideBits,
    sampleFormat: stream.sample_fmt ?? null,
    samples: isFloat ? bits >= wideBits ? "float" : "decoded" : "integer",
    declaredSeconds: isGuess ? null : seconds,
    guessedSeconds: isGuess ? seconds : null,
    probeScore: format.probe_score,
    tags: { ...stream.tags, ...format.tags },
    chapters: chapters.map(({ start_time = 0, end_time = 0, tags }) => ({
      startSeconds: start_time,
      endSeconds: end_time,
      title: tags?.["title"] ?? "",
    })),
    picture: (pictures.find(({ tags }) => tags?.["comment"] === frontCover) ?? pictures[0])?.index ?? null,
  };
  return header;
});

/** ffmpeg's name for a picture of type 3 (ID3v2.4, 4.14; RFC 9639, 8.8). */
export const frontCover = "Cover (front)";

const unsupported = () =>
  badInput("UNSUPPORTED_FORMAT", "probe", "The file is not in an audio format that can be read");

/** All of the report, unless it is absurdly long: then a hostile file has tags of hundreds of megabytes. */
const collect = <E>(stdout: Stream.Stream<Uint8Array, E>) =>
  stdout.pipe(
    Stream.decodeText(),
    Stream.runFoldEffect(() => "", (report, text) =>
      report.length > maxReportCharacters
        ? Effect.fail(badInput("UNSUPPORTED_FORMAT", "probe", "The tags of the file are too large"))
        : Effect.succeed(report + text)),
  );

/** ffmpeg has one demuxer, with a list for its name, for several related containers. */
const containerOf = (demuxer: string, path: string) =>
  demuxer.startsWith("matroska")
    ? Effect.tryPromise({
      try: async () => (await firstBytes(path)).includes("webm") ? "webm" : "matroska",
      catch: unavailable,
    })
    : Effect.succeed(demuxer.startsWith("mov") ? "mp4" : demuxer.split(",")[0] ?? demuxer);

/** Where the document type stands in every Matroska file. */
const firstBytes = async (path: string): Promise<Buffer> => {
  await using file = await open(path, "r");
  const { buffer, bytesRead } = await file.read(Buffer.alloc(64), 0, 64, 0);
  return buffer.subarray(0, bytesRead);
};
