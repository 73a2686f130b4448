import { Effect, Layer, Schema } from "effect";
import { ChildProcessSpawner } from "effect/process";
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { Recogniser, RecogniserError, type SpeechFile, unreadable } from "../../services/Recogniser.ts";
import { runRecogniser } from "./RecogniserProcess.ts";

/** What `whisper-cli --output-json` writes; times in milliseconds. */
const Output = Schema.fromJsonString(Schema.Struct({
  result: Schema.Struct({ language: Schema.String }),
  transcription: Schema.Array(Schema.Struct({
    offsets: Schema.Struct({ from: Schema.Finite, to: Schema.Finite }),
    text: Schema.String,
  })),
}));

/** A segment as it is printed: `[00:00:00.000 --> 00:00:07.960]   And so …`. */
const segmentLine = /^\[\d+:\d\d:\d\d\.\d{3} --> (\d+):(\d\d):(\d\d\.\d{3})\]/;

/** Large models take 4 GiB; the address space also has room for the stacks of threads. */
const memoryBytes = 16 * 1024 ** 3;
const outputBytes = 64 * 1024 ** 2;

/** The command line of whisper.cpp with a model in a file. Without a language it finds out itself. */
export const layer = (
  options: { readonly model: string; readonly language: string | null },
): Layer.Layer<never, never, ChildProcessSpawner.ChildProcessSpawner> =>
  Layer.effect(
    Recogniser,
    Effect.map(ChildProcessSpawner.ChildProcessSpawner, (spawner) => ({
      name: { name: "whisper.cpp", model: basename(options.model) },
      transcribe: Effect.fn("WhisperCpp.transcribe")(
        (file: SpeechFile) => transcribe(options, file),
        Effect.provideService(ChildProcessSpawner.ChildProcessSpawner, spawner),
      ),
    })),
  );

const transcribe = Effect.fnUntraced(function* (
  { model, language }: { readonly model: string; readonly language: string | null },
  { path, workspace, seconds, onProgress }: SpeechFile,
) {
  const output = join(workspace, "transcript");
  const { log } = yield* runRecogniser({
    name: "whisper",
    program: "whisper-cli",
    args: ["-m", model, "-f", path, "-l", language ?? "auto", "-oj", "-of", output],
    directory: workspace,
    // Of all threads together; large models are slower than the sound, even on several cores.
    cpuSeconds: 120 + Math.ceil(30 * seconds),
    memoryBytes,
    fileBytes: outputBytes,
    seconds,
    onProgress,
  }, (line) => {
    const [, hours, minutes, seconds] = segmentLine.exec(line) ?? [];
    return 3_600 * Number(hours ?? 0) + 60 * Number(minutes ?? 0) + Number(seconds ?? 0);
  });
  // It ends well also where it has complained of its arguments and has done nothing: only the file tells.
  const json = yield* Effect.tryPromise({
    try: () => readFile(`${output}.json`, "utf8"),
    catch: () =>
      new RecogniserError({ reason: "Refused", detail: `whisper-cli wrote no transcript: ${log}` }),
  });
  // It escapes no control characters; between values, spaces do as well.
  const { result, transcription } = yield* Schema.decodeEffect(Output)(json.replace(/\p{Cc}/gu, " ")).pipe(
    Effect.mapError(unreadable),
  );
  return {
    language: result.language,
    segments: transcription.map(({ offsets: { from, to }, text }) => ({
      startSeconds: from / 1_000,
      endSeconds: to / 1_000,
      text,
    })),
  };
});
