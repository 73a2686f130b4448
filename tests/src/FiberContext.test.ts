import { assert, describe, it } from "@effect/vitest";
import { execFile } from "node:child_process";
import process from "node:process";
import { promisify } from "node:util";

const script = `
  await import("./src/FiberContext.ts");
  const { Effect } = await import("effect");
  const used = () => { gc(); gc(); return process.memoryUsage().heapUsed; };
  await Effect.runPromise(Effect.gen(function* () {
    const before = used();
    for (let i = 0; i < 100_000; i++) yield* Effect.promise(() => Promise.resolve());
    console.log((used() - before) / 100_000);
  }));
`;

describe("a fiber that never ends", () => {
  it("keeps nothing of the waits that are over", async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [
      "eval",
      "--v8-flags=--expose-gc",
      script,
    ]);
    assert.isBelow(Number(stdout), 50, "bytes a wait");
  });
});
