/**
 * A program that is given the URL of a database and how often it is to rebuild the uploads view there. It prints the most memory
 * that was in use meanwhile, in bytes: the heap and what it holds outside, each time after a garbage collection, every 100 ms.
 */
import "../src/FiberContext.ts";
import { Effect } from "effect";
import process from "node:process";
import { openViews, rebuildUploads } from "./UploadsRebuild.ts";

const collect: unknown = Reflect.get(globalThis, "gc");
if (typeof collect !== "function") throw new Error("Start it with --v8-flags=--expose-gc");

let peak = 0;
let next = 0;
const sample = Effect.sync(() => {
  if (performance.now() < next) return;
  collect();
  const { heapUsed, external } = process.memoryUsage();
  peak = Math.max(peak, heapUsed + external);
  next = performance.now() + 100;
});

await Effect.gen(function* () {
  const context = yield* openViews({ url: process.argv[2] ?? "" });
  const times = Number(process.argv[3] ?? 1);
  yield* Effect.repeat(rebuildUploads(sample), { times: times - 1 }).pipe(Effect.provideContext(context));
}).pipe(Effect.scoped, Effect.runPromise);
console.log(peak);
process.exit(0);
