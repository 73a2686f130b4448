// Measures the tempo meter on the labelled corpus, each set with a model fitted to the others:
// deno run -A bench/accuracy/tempo.ts CORPUS [--json]
import { join } from "node:path";
import process from "node:process";
import { musicRate } from "../../domain/signal/MusicRate.ts";
import { type MeasuredTempo, TempoMeter } from "../../domain/signal/TempoMeter.ts";
import { decodeClip } from "./DecodeClip.ts";
import { processorTime } from "./ProcessorTime.ts";
import { isRight, isRightButForLevel, type TempoClip, tempoClips } from "./TempoClips.ts";
import { calibration, examplesOf, fitTempoModel, leaveOneSetOut } from "./TempoTraining.ts";

interface Measured {
  readonly clip: TempoClip;
  readonly answer: MeasuredTempo | null;
}

/** As much as a reader hands over at once. */
const CHUNK = 16_384;

const [corpus] = process.argv.slice(2);
if (corpus === undefined) {
  console.error("usage: tempo.ts CORPUS [--json]");
  process.exit(2);
}

const audio = new Map(tempoClips(corpus).map((clip) => [clip, decodeClip(join(corpus, clip.file))]));
const examples = [...audio].flatMap(([clip, samples]) => examplesOf(clip, samples));
let allProcessorSeconds = 0;
const measured = leaveOneSetOut(examples, (rest, left): ReadonlyArray<Measured> => {
  const model = fitTempoModel(rest);
  return [...new Set(left.map(({ clip }) => clip))].map((clip) => {
    const samples = audio.get(clip)!;
    const { result: answer, processorSeconds } = processorTime(() => {
      const meter = new TempoMeter(model);
      for (let at = 0; at < samples.length; at += CHUNK) meter.push(samples.subarray(at, at + CHUNK));
      return meter.finish();
    });
    allProcessorSeconds += processorSeconds;
    return { clip, answer };
  });
});

const percent = (among: ReadonlyArray<Measured>, holds: (bpm: number, truth: number) => boolean) =>
  100 * among.filter(({ clip, answer }) => answer !== null && holds(answer.tempo.bpm, clip.bpm)).length /
  among.length;
const figures = (set: string, among: ReadonlyArray<Measured>) => ({
  set,
  clips: among.length,
  acc1: percent(among, isRight),
  acc2: percent(among, isRightButForLevel),
  within1Percent: percent(among, (bpm, truth) => Math.abs(bpm / truth - 1) <= 0.01),
  rightWithin0_1Bpm: percent(
    among.filter(({ clip, answer }) => answer !== null && isRight(answer.tempo.bpm, clip.bpm)),
    (bpm, truth) => Math.abs(bpm - truth) <= 0.1,
  ),
  unanswered: among.filter(({ answer }) => answer === null).length,
});
const sets = [...new Set(measured.map(({ clip }) => clip.set))];
const seconds = [...audio.values()].reduce((sum, samples) => sum + samples.length / musicRate, 0);
const report = {
  date: new Date().toISOString().slice(0, 10),
  versions: { ...process.versions },
  sets: [
    ...sets.map((set) => figures(set, measured.filter(({ clip }) => clip.set === set))),
    figures("all", measured),
  ],
  timesRealtime: seconds / allProcessorSeconds,
  calibration: calibration(
    measured.flatMap(({ clip, answer }) =>
      answer === null
        ? []
        : [{ confidence: answer.tempo.confidence, right: isRight(answer.tempo.bpm, clip.bpm) }]
    ),
  ),
};

if (process.argv.includes("--json")) console.log(JSON.stringify(report, null, 2));
else {
  console.log(`${report.date}, Deno ${process.versions["deno"]}, V8 ${process.versions.v8}`);
  console.log("\n| set | clips | Acc1 ±4 % | Acc2 | within 1 % | right ones within 0.1 BPM | unanswered |");
  console.log("|---|---|---|---|---|---|---|");
  for (const row of report.sets) {
    const shares = [row.acc1, row.acc2, row.within1Percent, row.rightWithin0_1Bpm].map((share) =>
      share.toFixed(1)
    );
    console.log(`| ${row.set} | ${row.clips} | ${shares.join(" | ")} | ${row.unanswered} |`);
  }
  console.log(`\n${report.timesRealtime.toFixed(0)} × realtime (processor time)`);
  console.log("\n| confidence | clips | mean confidence | right |\n|---|---|---|---|");
  for (const { from, to, clips, confidence, right } of report.calibration) {
    const range = `${from}–${Math.min(1, to)}`;
    console.log(`| ${range} | ${clips} | ${confidence.toFixed(2)} | ${right.toFixed(2)} |`);
  }
}
