import { Cause, Effect, Exit, Option } from "effect";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { encodingFor } from "../../domain/media/OutputSpec.ts";
import { MediaEngine, MediaError } from "../../services/MediaEngine.ts";
import type { Mutant } from "./Mutation.ts";

/** What came of one mutant, and how long it took. */
export interface Trial {
  readonly mutant: Mutant;
  /** `accepted`, or the step and the code it was refused with. */
  readonly outcome: string;
  /** This must not happen. */
  readonly isFinding: boolean;
  readonly seconds: number;
}

/** The longest that a mutant of half a second may take in all its steps, in seconds: each is ended by its own limits. */
const mostSeconds = 180;

/** A file beside the workspaces, which no mutant may read into an output or change. */
const neighbour = { name: "victim.wav", content: "This belongs to somebody else." };

const ignoreProgress = () => Effect.void;

/** Probes a mutant, and renders and measures what passes for audio. Answers where it was refused, `null` if it was not. */
const put = Effect.fnUntraced(function* ({ bytes }: Mutant) {
  const engine = yield* MediaEngine;
  const workspace = yield* engine.workspace;
  const source = join(workspace, "source");
  yield* Effect.promise(() => writeFile(source, bytes));
  const media = yield* engine.probe(source);
  const outputs = [{ name: "lossy", format: "mp3" }, { name: "lossless", format: "flac" }] as const;
  const [first, second] = outputs.map((spec) => encodingFor(spec, media));
  if (first === undefined || second === undefined) return;
  const job = { workspace, source, media, onProgress: ignoreProgress };
  yield* engine.render({ ...job, encodings: [first, second], levels: null });
  const wrong = notFinite(yield* engine.measure(job));
  if (wrong !== null) throw new Error(`The measurement has ${wrong}`);
}, Effect.scoped);

/** The name of a number that JSON has no way to write; `null` if there is none. */
const notFinite = (value: unknown): string | null => {
  if (typeof value === "number") return Number.isFinite(value) ? null : String(value);
  if (typeof value !== "object" || value === null) return null;
  return Object.values(value).map(notFinite).find((found) => found !== null) ?? null;
};

const judge = (exit: Exit.Exit<void, MediaError>): Pick<Trial, "outcome" | "isFinding"> => {
  if (Exit.isSuccess(exit)) return { outcome: "accepted", isFinding: false };
  const error = Option.getOrNull(Cause.findErrorOption(exit.cause));
  if (error?.reason._tag === "BadInput") {
    const { stage, code } = error.reason.failure;
    return { outcome: `${stage} ${code}`, isFinding: false };
  }
  return { outcome: Cause.pretty(exit.cause), isFinding: true };
};

/** Tries the first `count` mutants, two at a time, and hands over each result; the engine's work directory is `work` in `directory`. */
export const fuzz = Effect.fnUntraced(function* (
  directory: string,
  mutantOf: (number: number) => Mutant,
  count: number,
  report: (trial: Trial) => void,
) {
  yield* Effect.promise(async () => {
    await mkdir(directory, { recursive: true });
    await writeFile(join(directory, neighbour.name), neighbour.content);
  });
  const attempt = Effect.fnUntraced(function* (number: number) {
    const mutant = mutantOf(number);
    const start = performance.now();
    const judged = judge(yield* Effect.exit(put(mutant)));
    const seconds = (performance.now() - start) / 1_000;
    const isSlow = seconds > mostSeconds;
    report({
      mutant,
      seconds,
      outcome: isSlow ? `${judged.outcome}, after ${Math.round(seconds)} s` : judged.outcome,
      isFinding: judged.isFinding || isSlow,
    });
  });
  yield* Effect.forEach(Array.from({ length: count }).keys(), attempt, { concurrency: 2, discard: true });
  return yield* Effect.promise(() => strayFiles(directory));
});

/** What is in the directory, or in its workspaces, that should not be there; a neighbour that has changed among it. */
const strayFiles = async (directory: string): Promise<ReadonlyArray<string>> => {
  const names = (await readdir(directory)).filter((name) => name !== "work" && name !== neighbour.name);
  const left = await readdir(join(directory, "work"));
  const content = await readFile(join(directory, neighbour.name), "utf8").catch(() => null);
  return [...names, ...left, ...(content === neighbour.content ? [] : [neighbour.name])];
};
