import { Effect } from "effect";
import { type BenchDatabase, BenchServer } from "../BenchServer.ts";
import { filled, LargeLog } from "../LargeLog.ts";
import type { Measure } from "../Measure.ts";
import { ownProgram } from "../Programs.ts";

const smallLog = 10_000;
/** How often a small log is rebuilt, or the process would end before it was looked at often enough to see a peak. */
const times = 10;

const megabytes = ({ url }: BenchDatabase, times: number) =>
  Effect.map(ownProgram("RebuildProcess.ts", [url, String(times)]), (bytes) => Number(bytes) / 1_000_000);

/** The most memory that a process has in use while it rebuilds the uploads view of a large log, beside a log of ten thousand events. */
export const RebuildMemory: Measure = {
  name: "rebuild-memory",
  title: "memory in use during a rebuild, at most",
  baseline: "the same on a log of ten thousand events, ten times over",
  unit: "MB",
  goal: { atMost: 1.1 },
  mostRounds: 1,
  needsWarmUp: false,
  prepare: Effect.fnUntraced(function* () {
    const server = yield* BenchServer;
    const small = yield* server.createDatabase;
    yield* filled(small, smallLog);
    const large = yield* LargeLog.use(({ database }) => database);
    return { ours: megabytes(large, 1), baseline: megabytes(small, times) };
  }),
};
