// How right the key meter is about the labelled corpus in a folder: deno run -A bench/accuracy/key.ts CORPUS [--json]
import { execFileSync } from "node:child_process";
import process from "node:process";
import { parseArgs } from "node:util";
import type { MusicalKey } from "../../domain/analysis/MusicalKey.ts";
import { KeyMeter } from "../../domain/signal/KeyMeter.ts";
import { musicRate } from "../../domain/signal/MusicRate.ts";
import { type KeyClip, keyClips, samplesOf } from "./KeyClips.ts";
import { keyScore } from "./KeyScore.ts";
import { processorTime } from "./ProcessorTime.ts";

interface Answer {
  readonly clip: KeyClip;
  readonly told: MusicalKey | null;
  readonly score: number;
  readonly seconds: number;
  /** That measuring took, decoding left out. */
  readonly processorSeconds: number;
}

const answer = (corpus: string, clip: KeyClip): Answer => {
  const samples = samplesOf(corpus, clip);
  const { result: told, processorSeconds } = processorTime(() => {
    const meter = new KeyMeter();
    meter.push(samples);
    return meter.finish();
  });
  return {
    clip,
    told,
    score: keyScore(told, clip),
    seconds: samples.length / musicRate,
    processorSeconds,
  };
};

const sum = (values: ReadonlyArray<number>): number => values.reduce((total, value) => total + value, 0);

const scores = (set: string, answers: ReadonlyArray<Answer>) => ({
  set,
  clips: answers.length,
  weighted: 100 * sum(answers.map(({ score }) => score)) / answers.length,
  exact: 100 * answers.filter(({ score }) => score === 1).length / answers.length,
  silent: answers.filter(({ told }) => told === null).length,
});

/** From −50 to 50 cents: a semitone off is in tune. */
const wrapped = (cents: number): number => cents - 100 * Math.round(cents / 100);

/**
 * How far off, in cents, the tuning of shifted clips is told: from the shift itself, the instruments being taken to be in
 * tune, and from the shift relative to what is told of the clip as it was.
 */
const tuningErrors = (answers: ReadonlyArray<Answer>) => {
  const tuning = new Map(answers.map(({ clip, told }) => [clip.id, told?.tuningCents]));
  const errors = answers.flatMap(({ clip: { id, detuneCents }, told }) => {
    const before = tuning.get(id.replace(/-detune-?\d+$/, ""));
    if (detuneCents === undefined || told === null || before === undefined) return [];
    const absolute = Math.abs(wrapped(told.tuningCents - detuneCents));
    return [{ absolute, relative: Math.abs(wrapped(told.tuningCents - detuneCents - before)) }];
  });
  const describe = (values: ReadonlyArray<number>) => ({
    mean: sum(values) / values.length,
    worst: Math.max(...values),
    withinThree: values.filter((value) => value <= 3).length,
  });
  return {
    clips: errors.length,
    absolute: describe(errors.map(({ absolute }) => absolute)),
    relative: describe(errors.map(({ relative }) => relative)),
  };
};

const { values: { json }, positionals: [corpus] } = parseArgs({
  allowPositionals: true,
  options: { json: { type: "boolean", default: false } },
});
if (corpus === undefined) {
  console.error("usage: key.ts CORPUS [--json]");
  process.exit(2);
}
const clips = keyClips(corpus);
// The first runs are slower: they are not what is measured.
clips.slice(0, 5).forEach((clip) => answer(corpus, clip));
const answers = clips.map((clip) => answer(corpus, clip));
const sets = [...new Set(clips.map(({ set }) => set))].sort();
const ffmpeg = execFileSync("ffmpeg", ["-version"], { encoding: "utf8" }).split(" ")[2];
const report = {
  date: new Date().toISOString().slice(0, 10),
  versions: { deno: process.versions["deno"], ffmpeg },
  sets: [
    scores("all", answers),
    ...sets.map((set) => scores(set, answers.filter(({ clip }) => clip.set === set))),
  ],
  tuning: tuningErrors(answers),
  timesRealTime: sum(answers.map(({ seconds }) => seconds)) /
    sum(answers.map(({ processorSeconds }) => processorSeconds)),
  wrong: answers.filter(({ score }) => score < 1).map(({ clip: { id }, told, score }) => ({
    id,
    told: told?.name ?? null,
    confidence: told?.confidence ?? null,
    score,
  })),
};
if (json) {
  console.log(JSON.stringify(report, null, 2));
} else {
  const { date, versions, tuning: { absolute, relative, clips }, timesRealTime, wrong } = report;
  console.log(`${date}, Deno ${versions.deno}, ffmpeg ${versions.ffmpeg}, one thread\n`);
  console.log("| set | clips | weighted | exact | no key told |\n|---|---|---|---|---|");
  for (const { set, clips, weighted, exact, silent } of report.sets) {
    console.log(`| ${set} | ${clips} | ${weighted.toFixed(1)} | ${exact.toFixed(1)} | ${silent} |`);
  }
  for (const [kind, { mean, worst, withinThree }] of Object.entries({ absolute, relative })) {
    const share = `${withinThree} of ${clips} within 3`;
    console.log(
      `\nTuning, ${kind}: mean error ${mean.toFixed(1)} cents, worst ${worst.toFixed(1)}, ${share}`,
    );
  }
  console.log(`\n${Math.round(timesRealTime)} × real time, by processor time\n`);
  for (const { id, told, confidence, score } of wrong) {
    console.log(`${id}: ${told ?? "none"}, confidence ${confidence?.toFixed(2) ?? "none"}, score ${score}`);
  }
}
