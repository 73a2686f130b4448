import { Effect, Stream } from "effect";
import { dirname } from "node:path";
import { keepChapters } from "../../domain/media/Chapter.ts";
import { coverOf } from "../../domain/media/Cover.ts";
import { bounds, durationSlack, keepTags, type MediaFacts } from "../../domain/media/MediaFacts.ts";
import { badInput, fromProcess, tooLong } from "./BadInput.ts";
import { cpuSecondsFor, run } from "./FfmpegProcess.ts";
import { type Header, readHeader } from "./Header.ts";
import { inputArguments, probeArguments } from "./InputArguments.ts";
import { readPicture } from "./SourcePicture.ts";
import { intoBlocks } from "./SampleBlocks.ts";

/**
 * The facts of a file's first audio stream. What the header says is checked first, so that what is out of bounds is refused
 * before anything is decoded; then the packets are counted, because headers are absent, guess or lie; then the first
 * second is decoded, or all of it where samples may be NaN.
 */
export const probe = Effect.fnUntraced(function* (path: string, maxSeconds: number) {
  const header = yield* readHeader(path);
  yield* checkBounds(header);
  if ((header.declaredSeconds ?? 0) > maxSeconds) return yield* tooLong("probe", maxSeconds);
  const seconds = yield* countSeconds(path, header.codec, maxSeconds);
  if (seconds === null) return yield* badInput("EMPTY_AUDIO", "probe", "The file holds no audio");
  if (isMisdetection(header, seconds)) {
    return yield* badInput("UNSUPPORTED_FORMAT", "probe", "Most of the file is not audio");
  }
  const durationSeconds = Math.round(1e6 * settleDuration(header.declaredSeconds, seconds)) / 1e6;
  yield* checkDecoding(path, header, durationSeconds);
  const picture = yield* readPicture(path, header);
  const facts: MediaFacts = {
    container: header.container,
    codec: header.codec,
    durationSeconds,
    sampleRate: header.sampleRate,
    channels: header.channels,
    bitRate: header.bitRate,
    tags: keepTags(header.tags),
    chapters: keepChapters(header.chapters, durationSeconds),
    cover: picture && coverOf(picture),
  };
  return facts;
});

const checkBounds = ({ sampleRate, channels }: Header) => {
  const { sampleRate: rates, channels: counts } = bounds;
  const problem = sampleRate < rates.min || sampleRate > rates.max
    ? `a sample rate of ${sampleRate} Hz; ${rates.min} to ${rates.max} Hz are accepted`
    : channels < counts.min || channels > counts.max
    ? `${channels} channels; ${counts.min} to ${counts.max} are accepted`
    : null;
  return problem === null
    ? Effect.void
    : Effect.fail(badInput("INVALID_PARAMETERS", "probe", `The audio has ${problem}`));
};

/**
 * The seconds that the packets last together, without decoding; `null` without packets. Stops as soon as they exceed the
 * limit.
 */
const countSeconds = (path: string, codec: string, maxSeconds: number) =>
  Effect.suspend(() => {
    let packets = 0, sum = 0, first = Infinity, end = 0;
    // ffmpeg takes short blocks of Vorbis for shorter than they are, and then goes by the timestamps of the pages.
    let isSumKnown = codec !== "vorbis";
    const count = (lines: ReadonlyArray<string>) => {
      for (const line of lines) {
        if (line === "") continue;
        const [time, duration] = line.split(",").map(Number);
        packets++;
        if (duration) sum += duration;
        else isSumKnown = false;
        if (time !== undefined && Number.isFinite(time)) {
          first = Math.min(first, time);
          end = Math.max(end, time + (duration || 0));
        }
      }
    };
    const seconds = () => isSumKnown ? sum : Math.max(sum, end - first);
    return run({
      name: "ffprobe packets",
      program: "ffprobe",
      args: [
        ...[...probeArguments(path), "-select_streams", "a:0"],
        ...["-of", "csv=p=0", "-show_entries", "packet=pts_time,duration_time"],
      ],
      directory: dirname(path),
      cpuSeconds: 120,
    }, (stdout) =>
      stdout.pipe(
        Stream.decodeText(),
        Stream.splitLines,
        Stream.runForEachArray((lines) => {
          count(lines);
          return seconds() > maxSeconds ? Effect.fail(tooLong("probe", maxSeconds)) : Effect.void;
        }),
      )).pipe(
        Effect.catchTag("ProcessFailed", (failed) => Effect.fail(undecodable(failed))),
        Effect.map(() => packets === 0 ? null : seconds()),
      );
  });

/** Headers are exact where they are true; packets come in whole codec frames, so they settle only larger differences. */
const settleDuration = (declared: number | null, counted: number): number =>
  declared !== null && Math.abs(counted - declared) <= durationSlack(declared) ? declared : counted;

/** Text can look like the beginning of an MPEG stream: then few packets come of a file that is long for its bit rate. */
const isMisdetection = ({ probeScore, guessedSeconds }: Header, seconds: number): boolean =>
  probeScore < sureScore && guessedSeconds !== null && seconds < guessedSeconds / 2;

/** From this probe score on ffmpeg does not call the format's detection doubtful. */
const sureScore = 25;

const undecodable = fromProcess("probe", { code: "DECODE_FAILED", detail: "The audio could not be decoded" });

const blockBytes = 262_144;

const checkDecoding = (path: string, header: Header, durationSeconds: number) =>
  Effect.suspend(() => {
    let decodedBytes = 0;
    const take = (block: ArrayBuffer, byteLength: number) => {
      decodedBytes += byteLength;
      return header.samples === "float" && new Float32Array(block, 0, byteLength >> 2).some(isNotFinite)
        ? Effect.fail(
          badInput("INVALID_SAMPLES", "probe", "The audio has samples that are not finite numbers"),
        )
        : Effect.succeed(block);
    };
    return run({
      name: "ffmpeg decode",
      program: "ffmpeg",
      args: [
        ...["-max_error_rate", "1", ...inputArguments(path), "-map", "0:a:0"],
        ...(header.samples === "float" ? [] : ["-t", "1"]),
        ...["-f", "f32le", "pipe:1"],
      ],
      directory: dirname(path),
      cpuSeconds: cpuSecondsFor(durationSeconds * header.sampleRate * header.channels),
    }, (stdout) => intoBlocks(stdout, new ArrayBuffer(blockBytes), take)).pipe(
      Effect.catchTag("ProcessFailed", (failed) => Effect.fail(undecodable(failed))),
      Effect.andThen(Effect.suspend(() =>
        decodedBytes > 0
          ? Effect.void
          : Effect.fail(badInput("DECODE_FAILED", "probe", "Nothing in the file could be decoded"))
      )),
    );
  });

const isNotFinite = (sample: number): boolean => !Number.isFinite(sample);
