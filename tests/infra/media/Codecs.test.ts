import { NodeServices } from "@effect/platform-node";
import { assert, layer } from "@effect/vitest";
import { Effect, Record } from "effect";
import process from "node:process";
import { findFormats } from "../../../infra/media/Codecs.ts";
import { ffmpegWithout } from "../../support/StandInFfmpeg.ts";
import { scratchDirectory } from "./MediaFixture.ts";

/** What is found with a stand-in for ffmpeg first on the PATH, whose lists lack some words. */
const foundWithout = (words: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const directory = yield* scratchDirectory;
    yield* Effect.acquireRelease(
      Effect.sync(() => {
        const before = process.env["PATH"] ?? "";
        process.env["PATH"] = ffmpegWithout(directory, words);
        return before;
      }),
      (before) => Effect.sync(() => void (process.env["PATH"] = before)),
    );
    return yield* findFormats;
  }).pipe(Effect.scoped);

layer(NodeServices.layer, { excludeTestServices: true })("the formats of an ffmpeg", (it) => {
  it.effect("are those whose encoder and muxer it lists", () =>
    Effect.gen(function* () {
      const { amr: _, ...others } = yield* foundWithout([]);
      assert.deepStrictEqual(Record.filter(others, ({ missing }) => missing !== null), {});
    }));

  it.effect("lack those without an encoder, or without a muxer, which is named", () =>
    Effect.gen(function* () {
      const found = yield* foundWithout(["libmp3lame", "aiff", "mp4"]);
      assert.deepStrictEqual(found.mp3, {
        encoder: "libmp3lame",
        missing: "ffmpeg was built without the encoder libmp3lame",
      });
      assert.strictEqual(found.aiff.missing, "ffmpeg was built without the muxer aiff");
      for (const format of ["hls", "dash"] as const) {
        assert.strictEqual(found[format].missing, "ffmpeg was built without the muxer mp4");
      }
      assert.isNull(found.m4a.missing);
    }));
});
