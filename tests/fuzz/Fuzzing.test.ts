/** A few of the mutants that `deno task fuzz` tries by the thousand. */
import { NodeServices } from "@effect/platform-node";
import { assert, describe, it } from "@effect/vitest";
import { Effect } from "effect";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as FfmpegMediaEngine from "../../infra/media/FfmpegMediaEngine.ts";
import { MediaEngine } from "../../services/MediaEngine.ts";
import { scratchDirectory } from "../infra/media/MediaFixture.ts";
import { fuzz, type Trial } from "./Fuzzing.ts";
import { mutantsOf } from "./Mutation.ts";
import { makeSpecimens } from "./Specimens.ts";

const specimens = makeSpecimens();

describe("damaged media files", () => {
  it("are the same ones for the same seed, and others for another", () => {
    const first = Array.from({ length: 50 }, (_, number) => mutantsOf(specimens, 1)(number));
    assert.deepStrictEqual(first, first.map(({ number }) => mutantsOf(specimens, 1)(number)));
    assert.isAbove(new Set(first.map(({ name }) => name)).size, specimens.length / 2);
    const other = first.map(({ number }) => mutantsOf(specimens, 2)(number));
    assert.isAbove(other.filter(({ bytes }, at) => !bytes.equals(first[at]?.bytes ?? bytes)).length, 45);
  });

  it.live("are refused with a reason or worked on to the end, and leave nothing behind", () =>
    Effect.gen(function* () {
      const directory = yield* scratchDirectory;
      const trials: Array<Trial> = [];
      const stray = yield* fuzz(
        directory,
        mutantsOf(specimens, 20_261_121),
        24,
        (trial) => trials.push(trial),
      ).pipe(
        Effect.provide(FfmpegMediaEngine.layer({ workDirectory: join(directory, "work") })),
        Effect.provide(NodeServices.layer),
      );
      assert.lengthOf(trials, 24);
      assert.deepStrictEqual(trials.filter(({ isFinding }) => isFinding), []);
      assert.deepStrictEqual(stray, []);
      const accepted = trials.filter(({ outcome }) => outcome === "accepted").length;
      assert.isTrue(accepted > 0 && accepted < trials.length, `${accepted} were accepted`);
    }));

  it.live("that break the engine, leave files or touch a neighbour are told", () =>
    Effect.gen(function* () {
      const directory = yield* scratchDirectory;
      const broken = Effect.die(new Error("It broke"));
      const trials: Array<Trial> = [];
      const stray = yield* Effect.gen(function* () {
        const engine = yield* MediaEngine;
        const probe = () =>
          Effect.andThen(
            Effect.promise(() => writeFile(join(directory, "victim.wav"), "Another word")),
            Effect.andThen(Effect.promise(() => writeFile(join(directory, "stray"), "")), broken),
          );
        return yield* fuzz(directory, mutantsOf(specimens, 1), 2, (trial) => trials.push(trial)).pipe(
          Effect.provideService(MediaEngine, { ...engine, probe }),
        );
      }).pipe(
        Effect.provide(FfmpegMediaEngine.layer({ workDirectory: join(directory, "work") })),
        Effect.provide(NodeServices.layer),
      );
      assert.deepStrictEqual(trials.map(({ isFinding }) => isFinding), [true, true]);
      assert.match(trials[0]?.outcome ?? "", /It broke/);
      assert.deepStrictEqual(stray, ["stray", "victim.wav"]);
    }));
});
