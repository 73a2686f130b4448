// How right the loudness meter is about the EBU's test signals in a folder, and how fast: deno run -A bench/accuracy/loudness.ts EBU [CLIPS]
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { Schema } from "effect";
import { make, signalMeters } from "../../domain/signal/SignalAnalyser.ts";
import { decodeSource, type Source } from "./DecodeSource.ts";
import { processorTime } from "./ProcessorTime.ts";

/** What a signal is, and by how much a meter may fall short of it or go beyond. */
const Expected = Schema.optionalKey(Schema.Tuple([Schema.Finite, Schema.Finite, Schema.Finite]));

/** The signals of EBU Tech 3341 and 3342, as the corpus describes them. */
const Signals = Schema.Struct({
  tests: Schema.Array(Schema.Struct({
    id: Schema.String,
    file: Schema.String,
    I: Expected,
    M: Expected,
    S: Expected,
    TP: Expected,
    LRA: Expected,
    constantM: Schema.optionalKey(Schema.Boolean),
    constantS: Schema.optionalKey(Schema.Boolean),
  })),
});
type Signal = typeof Signals.Type["tests"][number];

const measure = ({ sampleRate, channels, samples }: Source) => {
  const analyser = make({ sampleRate, channels }, { loudness: signalMeters.loudness });
  analyser.push(samples);
  const { loudness, curves } = analyser.finish();
  if (loudness === null || curves === null) throw new Error("The loudness could not be measured");
  return { loudness, curves };
};

/** What is off in what the meter says of a signal, in words. */
const faultsOf = (signal: Signal, source: Source): ReadonlyArray<string> => {
  const { loudness, curves } = measure(source);
  const told: ReadonlyArray<readonly [string, typeof signal.I, ReadonlyArray<number | null>]> = [
    ["integrated", signal.I, [loudness.integratedLufs]],
    ["momentary", signal.M, signal.constantM ? [...curves.momentary.slice(6)] : [loudness.maxMomentaryLufs]],
    ["short-term", signal.S, signal.constantS ? [...curves.shortTerm] : [loudness.maxShortTermLufs]],
    ["true peak", signal.TP, [loudness.truePeakDbtp]],
    ["range", signal.LRA, [loudness.rangeLu]],
  ];
  return told.flatMap(([name, expected, values]) => {
    if (expected === undefined) return [];
    const [value, below, above] = expected;
    const wrong = values.filter((found) => found === null || found < value - below || found > value + above);
    return wrong.length === 0 ? [] : [`${name} ${wrong[0]}, not ${value}`];
  });
};

/** What ffmpeg's ebur128 filter says of a file at its end, and the processor time that it took. */
const ffmpegLoudness = (path: string) => {
  const filter = "ebur128=peak=true:metadata=1,ametadata=print:key=lavfi.r128.I:file=-";
  const options = ["-hide_banner", "-nostdin", "-benchmark", "-i", path, "-af", filter, "-f", "null", "-"];
  const { stdout, stderr } = spawnSync("ffmpeg", options, { encoding: "utf8", maxBuffer: 2 ** 30 });
  return {
    integratedLufs: Number([...stdout.matchAll(/^lavfi\.r128\.I=(.*)$/gm)].at(-1)?.[1] ?? NaN),
    processorSeconds: Number(/utime=([\d.]+)s/.exec(stderr)?.[1] ?? NaN),
  };
};

const [ebu, clips] = process.argv.slice(2);
if (ebu === undefined) {
  console.error("usage: loudness.ts EBU [CLIPS]");
  process.exit(2);
}
const { tests } = Schema.decodeUnknownSync(Schema.fromJsonString(Signals))(
  readFileSync(join(ebu, "manifest.json"), "utf8"),
);
const faults = tests.flatMap((signal) =>
  faultsOf(signal, decodeSource(join(ebu, signal.file))).map((fault) => `${signal.id}: ${fault}`)
);
faults.forEach((fault) => console.log(fault));
console.log(`${tests.length} signals, ${faults.length} faults`);

if (clips !== undefined) {
  let seconds = 0, ours = 0, theirs = 0, worst = 0;
  const names = readdirSync(clips).filter((name) => name.endsWith(".flac"));
  for (const name of names) {
    const path = join(clips, name), source = decodeSource(path);
    const { result: { loudness }, processorSeconds } = processorTime(() => measure(source));
    const ffmpeg = ffmpegLoudness(path);
    seconds += source.samples.length / source.channels / source.sampleRate;
    ours += processorSeconds;
    theirs += ffmpeg.processorSeconds;
    // Of what is nowhere above −70 LUFS, ffmpeg tells −70.
    worst = Math.max(worst, Math.abs((loudness.integratedLufs ?? -70) - ffmpeg.integratedLufs));
  }
  console.log(
    `${names.length} clips, at most ${worst.toFixed(3)} LU from ffmpeg's ebur128`,
  );
  console.log(
    `${Math.round(seconds / ours)} × real time; ebur128 with its decoder ${Math.round(seconds / theirs)} ×`,
  );
}
