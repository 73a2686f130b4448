import { NodeServices } from "@effect/platform-node";
import { assert, describe, it } from "@effect/vitest";
import { Effect, Layer } from "effect";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import process from "node:process";
import * as FfmpegMediaEngine from "../../../infra/media/FfmpegMediaEngine.ts";
import { Limits } from "../../../services/Limits.ts";
import { MediaEngine } from "../../../services/MediaEngine.ts";
import { sine, wav } from "../../support/Audio.ts";
import { failureOf, scratchDirectory, sourceOf } from "./MediaFixture.ts";

const engineIn = (workDirectory: string) =>
  FfmpegMediaEngine.layer({ workDirectory }).pipe(Layer.provide(NodeServices.layer));

describe("FfmpegMediaEngine", () => {
  it.live("makes a private directory for each job, and removes it with everything in it", () =>
    Effect.gen(function* () {
      const directory = join(yield* scratchDirectory, "data", "work");
      yield* Effect.gen(function* () {
        const engine = yield* MediaEngine;
        const inside = yield* Effect.scoped(Effect.gen(function* () {
          const [one, two] = [yield* engine.workspace, yield* engine.workspace];
          assert.notStrictEqual(one, two);
          assert.strictEqual(statSync(one).mode & 0o777, 0o700);
          mkdirSync(join(one, "deep"));
          writeFileSync(join(one, "deep", "file"), "");
          return readdirSync(directory);
        }));
        assert.lengthOf(inside, 2);
        assert.deepStrictEqual(readdirSync(directory), []);
      }).pipe(Effect.provide(engineIn(directory)));
    }));

  it.live("removes the workspaces of processes that are gone, and no others", () =>
    Effect.gen(function* () {
      const directory = yield* scratchDirectory;
      const { pid: gone } = spawnSync("true");
      const old = new Date(Date.now() - 2 * 86_400_000);
      const beforeThisProcess = new Date(performance.timeOrigin - 1_000);
      const workspaces = [
        { name: `${hostname()}~${gone}~a`, written: new Date(), stays: false },
        // A container that restarts finds its own process id.
        { name: `${hostname()}~${process.pid}~b`, written: beforeThisProcess, stays: false },
        { name: `${hostname()}~${process.pid}~c`, written: new Date(), stays: true },
        { name: `${hostname()}~${process.ppid}~d`, written: new Date(), stays: true },
        { name: "elsewhere~1~e", written: new Date(), stays: true },
        { name: "elsewhere~1~f", written: old, stays: false },
      ];
      for (const { name, written } of workspaces) {
        mkdirSync(join(directory, name));
        writeFileSync(join(directory, name, "source"), "");
        utimesSync(join(directory, name), written, written);
      }
      yield* Effect.provide(MediaEngine, engineIn(directory));
      for (const { name, stays } of workspaces) {
        assert.strictEqual(existsSync(join(directory, name)), stays, name);
      }
    }));

  it.live("holds audio to the configured duration", () =>
    Effect.gen(function* () {
      const limits = { maxUploadBytes: 1e9, maxDurationSeconds: 2, workerConcurrency: 1 };
      const limited = engineIn(yield* scratchDirectory).pipe(Layer.provide(Layer.succeed(Limits, limits)));
      yield* Effect.gen(function* () {
        const { probe } = yield* MediaEngine;
        const { source: long } = yield* sourceOf(wav(sine({ seconds: 2.5 })));
        const { source: short } = yield* sourceOf(wav(sine({ seconds: 1.5 })));
        const { code, detail } = yield* failureOf(probe(long));
        assert.strictEqual(code, "DURATION_LIMIT");
        assert.strictEqual(detail, "The audio lasts longer than the 2 seconds that are allowed");
        assert.strictEqual((yield* probe(short)).durationSeconds, 1.5);
      }).pipe(Effect.provide(limited));
    }));

  it.live("names the encoder as the file that it writes would", () =>
    Effect.gen(function* () {
      const { encoder } = yield* Effect.provide(MediaEngine, engineIn(yield* scratchDirectory));
      const told = spawnSync("ffmpeg", ["-version"], { encoding: "utf8" }).stdout;
      assert.isTrue(told.startsWith((yield* encoder).replace(" ", " version ") + " "), told);
      assert.match(yield* encoder, /^ffmpeg \S*\d\S*$/);
    }));

  it.live("may succeed another time when the source is missing", () =>
    Effect.gen(function* () {
      const { probe } = yield* Effect.provide(MediaEngine, engineIn(yield* scratchDirectory));
      const { reason } = yield* Effect.flip(probe("/nowhere/source"));
      assert.strictEqual(reason._tag, "Unavailable");
    }));
});
