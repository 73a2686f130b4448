// First, as in the service.
import "../src/FiberContext.ts";
import { Effect, Layer } from "effect";
import { readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { BenchServer } from "./BenchServer.ts";
import { LargeLog } from "./LargeLog.ts";
import { type Measure, runMeasure } from "./Measure.ts";
import { AppendsDuringRebuild } from "./measures/AppendsDuringRebuild.ts";
import { CatchUp } from "./measures/CatchUp.ts";
import { Emmett } from "./measures/Emmett.ts";
import { GrowthOfAppends, GrowthOfReads } from "./measures/Growth.ts";
import { HotStream } from "./measures/HotStream.ts";
import { HundredEvents, NewStreams, NewStreamsAndReceipts } from "./measures/NewStreams.ts";
import { MediaClips, MediaEncoding, MediaMemory, MediaTrack } from "./measures/Media.ts";
import { Rebuild } from "./measures/Rebuild.ts";
import { RebuildEmmett } from "./measures/RebuildEmmett.ts";
import { RebuildMemory } from "./measures/RebuildMemory.ts";
import { Visible, VisibleOverNats } from "./measures/Visible.ts";
import { Relay } from "./measures/Relay.ts";
import { describeRun, type Finding, lineOf, tableOf, withTable } from "./Report.ts";

const measures: ReadonlyArray<Measure> = [
  NewStreams,
  NewStreamsAndReceipts,
  Emmett,
  HundredEvents,
  HotStream,
  CatchUp,
  Rebuild,
  RebuildEmmett,
  RebuildMemory,
  Visible,
  VisibleOverNats,
  Relay,
  GrowthOfAppends,
  GrowthOfReads,
  AppendsDuringRebuild,
  MediaTrack,
  MediaEncoding,
  MediaClips,
  MediaMemory,
];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    events: { type: "string", default: "1000000" },
    rounds: { type: "string", default: "5" },
    json: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
  },
});

const fail = (message: string): never => {
  console.error(message);
  return process.exit(2);
};

const count = (name: "events" | "rounds", least: number): number => {
  const value = Number(values[name]);
  return Number.isInteger(value) && value >= least ? value : fail(`--${name} takes a number from ${least}`);
};

const sizes = { events: count("events", 1_000), rounds: count("rounds", 1) };
const unknown = positionals.find((name) => !measures.some((measure) => measure.name === name));
if (unknown !== undefined) {
  fail(`There is no benchmark ${unknown}; there are ${measures.map(({ name }) => name).join(", ")}`);
}
const chosen = measures.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
if (values.write && chosen.length < measures.length) fail("--write needs a run of all benchmarks");

await Effect.gen(function* () {
  const server = yield* BenchServer;
  const findings: Array<Finding> = [];
  for (const measure of chosen) yield* measure.check ?? Effect.void;
  for (const measure of chosen) {
    const finding = { measure, outcome: yield* runMeasure(measure, sizes) };
    if (!values.json) console.log(lineOf(finding));
    findings.push(finding);
  }
  const run = describeRun({ ...sizes, postgres: server.version });
  if (values.json) {
    const outcomes = findings.map(({ measure: { prepare: _, ...measure }, outcome }) => ({
      ...measure,
      ...outcome,
    }));
    console.log(JSON.stringify({ ...run, measures: outcomes }, null, 2));
  } else {
    console.log(`\n${tableOf(run, findings)}`);
  }
  if (values.write) {
    const readme = fileURLToPath(new URL("README.md", import.meta.url));
    writeFileSync(readme, withTable(readFileSync(readme, "utf8"), tableOf(run, findings)));
  }
}).pipe(
  Effect.provide(Layer.provideMerge(LargeLog.layer(sizes.events), BenchServer.layer)),
  Effect.runPromise,
);
