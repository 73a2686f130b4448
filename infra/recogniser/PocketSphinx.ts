import { Effect, Layer } from "effect";
import { ChildProcessSpawner } from "effect/process";
import { Buffer } from "node:buffer";
import { appendFile } from "node:fs/promises";
import type { Segment } from "../../domain/transcript/Transcript.ts";
import { Recogniser, RecogniserError, type SpeechFile } from "../../services/Recogniser.ts";
import { runRecogniser } from "./RecogniserProcess.ts";

/** Words up to a pause of half a second are recognised together: a pause behind the last word ends them as it does the others. */
const closingSilence = Buffer.alloc(3 * 2 * 16_000);

/** A word, where it begins and ends, in seconds, and how sure it is. */
const wordLine = /^(\S+) (\d+\.\d{3}) (\d+\.\d{3}) (\d+\.\d+)$/;

/** `<s>`, `<sil>`, `[NOISE]`, `++BREATH++`: what is heard between words. */
const filler = /^[<[+]/;

/**
 * CMU PocketSphinx 0.8 (`pocketsphinx_continuous`) with the model of US English that belongs to it. It takes less
 * CPU time than the sound lasts, and is wrong about one word in three.
 */
export const layer: Layer.Layer<never, never, ChildProcessSpawner.ChildProcessSpawner> = Layer.effect(
  Recogniser,
  Effect.map(ChildProcessSpawner.ChildProcessSpawner, (spawner) => ({
    name: { name: "pocketsphinx", model: "en-us" },
    transcribe: Effect.fn("PocketSphinx.transcribe")(
      transcribe,
      Effect.provideService(ChildProcessSpawner.ChildProcessSpawner, spawner),
    ),
  })),
);

const transcribe = Effect.fnUntraced(function* ({ path, workspace, seconds, onProgress }: SpeechFile) {
  yield* Effect.tryPromise({
    try: () => appendFile(path, closingSilence),
    catch: (cause) => new RecogniserError({ reason: "Unavailable", detail: String(cause) }),
  });
  const { lines } = yield* runRecogniser({
    name: "pocketsphinx",
    program: "pocketsphinx_continuous",
    // It is the end of its name that tells it to pass over the header.
    args: ["-infile", path, "-time", "yes"],
    directory: workspace,
    cpuSeconds: 60 + Math.ceil(10 * seconds),
    seconds,
    onProgress,
  }, (line) => Number(wordLine.exec(line)?.[3] ?? 0));
  return { language: "en-US", segments: utterancesOf(lines) };
});

interface Word {
  readonly text: string;
  readonly start: number;
  readonly end: number;
  readonly confidence: number;
}

/** Each utterance is printed as a line of text, and repeated word by word below. */
const utterancesOf = (lines: ReadonlyArray<string>): ReadonlyArray<Segment> => {
  const utterances: Array<Array<Word>> = [];
  for (const line of lines) {
    const [, word = "", start, end, confidence] = wordLine.exec(line) ?? [];
    if (word === "") utterances.push([]);
    else if (!filler.test(word)) {
      utterances.at(-1)?.push({
        // Of several pronunciations, the second and later ones have a number.
        text: word.replace(/\(\d+\)$/, ""),
        start: Number(start),
        end: Number(end),
        confidence: Number(confidence),
      });
    }
  }
  return utterances.flatMap((words) => {
    const [first, last] = [words[0], words.at(-1)];
    if (first === undefined || last === undefined) return [];
    return {
      startSeconds: first.start,
      endSeconds: last.end,
      text: words.map(({ text }) => text).join(" "),
      // Rounding makes some surer than sure.
      confidence: words.reduce((sum, { confidence }) => sum + Math.min(1, confidence), 0) / words.length,
    };
  });
};
