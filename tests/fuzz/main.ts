/**
 * Damaged media files, thousands of them, through the media engine: each must be refused with a reason, or be worked on to the end. The
 * same seed makes the same files, with the same ffmpeg. `--write N` keeps one of them as a file, to look at.
 */
import { Effect } from "effect";
import { NodeServices } from "@effect/platform-node";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import * as FfmpegMediaEngine from "../../infra/media/FfmpegMediaEngine.ts";
import { ensureFfmpeg } from "../../infra/system/SystemPackages.ts";
import { fuzz, type Trial } from "./Fuzzing.ts";
import { mutantsOf } from "./Mutation.ts";
import { makeSpecimens } from "./Specimens.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    mutants: { type: "string", default: "2000" },
    write: { type: "string" },
  },
});
const [seed, count] = [Number(values.seed), Number(values.mutants)];
if (!Number.isInteger(seed) || !Number.isInteger(count) || count < 1) {
  console.error("--seed and --mutants take whole numbers");
  process.exit(2);
}

await Effect.runPromise(Effect.provide(ensureFfmpeg, NodeServices.layer));
const specimens = makeSpecimens();
console.error(`${specimens.length} specimens: ${specimens.map(({ name }) => name).join(", ")}`);
const mutantOf = mutantsOf(specimens, seed);

if (values.write !== undefined) {
  const asked = Number(values.write);
  if (!Number.isInteger(asked) || asked < 0) {
    console.error("--write takes the number of a mutant");
    process.exit(2);
  }
  const { number, name, bytes } = mutantOf(asked);
  const path = `mutant-${seed}-${number}-${name}`;
  await writeFile(path, bytes);
  console.log(path);
  process.exit(0);
}

/** The memory of this process once everything has been loaded and compiled. */
let settled = 0;
const outcomes = new Map<string, number>();
let slowest: Trial | undefined;
let findings = 0;
let done = 0;
const report = (trial: Trial) => {
  const { mutant, outcome, isFinding, seconds } = trial;
  if (isFinding) {
    findings++;
    console.error(`FOUND  --seed ${seed} --write ${mutant.number}  (${mutant.name}): ${outcome}`);
  }
  outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  if (seconds > (slowest?.seconds ?? 0)) slowest = trial;
  if (++done % 100 === 0) console.error(`${done} of ${count}`);
  if (done === Math.ceil(count / 10)) settled = process.memoryUsage().rss;
};

const directory = await mkdtemp(join(tmpdir(), "tapedeck-fuzz-"));
const stray = await fuzz(directory, mutantOf, count, report)
  .pipe(
    Effect.provide(FfmpegMediaEngine.layer({ workDirectory: join(directory, "work") })),
    Effect.provide(NodeServices.layer),
    Effect.runPromise,
  );
await rm(directory, { recursive: true });

for (const [outcome, times] of [...outcomes].sort(([, one], [, other]) => other - one)) {
  console.log(`${String(times).padStart(6)}  ${outcome}`);
}
const megabytes = (bytes: number) => Math.round(bytes / 1e6);
console.log(
  `slowest: ${slowest?.seconds.toFixed(1)} s (--write ${slowest?.mutant.number}, ${slowest?.mutant.name})`,
);
const grown = process.memoryUsage().rss - settled;
console.log(
  `memory (RSS): ${megabytes(settled)} MB after a tenth of them, ${megabytes(grown)} MB more at the end`,
);
console.log(stray.length === 0 ? "no file was left or touched outside" : `LEFT  ${stray.join(", ")}`);
process.exit(findings + stray.length === 0 ? 0 : 1);
