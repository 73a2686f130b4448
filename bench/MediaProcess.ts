/**
 * A program that is given a directory and a track, and does the work of an upload on it. It prints the most memory that it had in use
 * meanwhile with all its threads, as the system counts it, in MB; programs that it runs are not part of it.
 */
import "../src/FiberContext.ts";
import { Effect } from "effect";
import process from "node:process";
import { mediaJob, openEngine, outputs } from "./MediaJob.ts";

const [directory = "", track = ""] = process.argv.slice(2);
await openEngine(directory).pipe(
  Effect.flatMap((engine) => mediaJob(engine, track, [outputs.mp3, outputs.opus])),
  Effect.scoped,
  Effect.runPromise,
);
console.log(process.resourceUsage().maxRSS / 1_024);
process.exit(0);
