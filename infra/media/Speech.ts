import { Effect, Stream } from "effect";
import { join } from "node:path";
import type { MediaFacts } from "../../domain/media/MediaFacts.ts";
import { explain } from "./BadInput.ts";
import { cpuSecondsFor, run } from "./FfmpegProcess.ts";
import { meanFilter } from "./Filters.ts";
import { inputArguments } from "./InputArguments.ts";

const sampleRate = 16_000;
const bytesPerSecond = 2 * sampleRate;

/** Writes the mean of a file's channels as recognisers take it: 16 bits at 16 kHz, in a WAV file whose header has 44 bytes. */
export const writeSpeech = Effect.fnUntraced(function* (
  { workspace, source, media: { sampleRate: rate, channels, durationSeconds } }: {
    readonly workspace: string;
    readonly source: string;
    readonly media: MediaFacts;
  },
  maxSeconds: number,
) {
  const path = join(workspace, "speech.wav");
  yield* run({
    name: "ffmpeg speech",
    program: "ffmpeg",
    args: [
      ...["-y", "-threads", "2", "-t", `${maxSeconds}`, ...inputArguments(source)],
      ...["-map", "0:a:0", "-map_metadata", "-1", "-map_chapters", "-1", "-af", meanFilter(channels)],
      // Without `bitexact`, ffmpeg writes its name behind the header.
      ...["-ar", `${sampleRate}`, "-c:a", "pcm_s16le", "-flags", "+bitexact", "-fflags", "+bitexact"],
      ...["-f", "wav", `file:${path}`],
    ],
    directory: workspace,
    cpuSeconds: cpuSecondsFor(durationSeconds * rate * channels),
    fileBytes: bytesPerSecond * (maxSeconds + 1),
  }, Stream.runDrain).pipe(Effect.catchTag("ProcessFailed", (failed) => Effect.fail(explain(failed))));
  return path;
});
