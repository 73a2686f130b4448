import { NodeServices } from "@effect/platform-node";
import { assert, layer } from "@effect/vitest";
import { Effect, Layer } from "effect";
import { readFileSync } from "node:fs";
import * as PocketSphinx from "../../../infra/recogniser/PocketSphinx.ts";
import { MediaEngine } from "../../../services/MediaEngine.ts";
import { Recogniser } from "../../../services/Recogniser.ts";
import { saidTwice, secondTime } from "../../support/Speech.ts";
import { engine, factsOf, recorder, sourceOf } from "../media/MediaFixture.ts";

const recogniser = PocketSphinx.layer.pipe(Layer.provide(NodeServices.layer));

layer(Layer.merge(engine, recogniser), { excludeTestServices: true })("PocketSphinx", (it) => {
  it.effect("writes down what is said, when, and how sure it is", () =>
    Effect.gen(function* () {
      const { writeSpeech } = yield* MediaEngine;
      const { transcribe, name } = (yield* Recogniser) ?? assert.fail("There is no recogniser");
      const { workspace, source } = yield* sourceOf(saidTwice);
      const seconds = secondTime + 2.06;
      const path = yield* writeSpeech({ workspace, source, media: factsOf({ durationSeconds: seconds }) });
      const header = readFileSync(path).subarray(0, 44);
      assert.strictEqual(header.toString("latin1", 36, 40), "data");
      assert.deepStrictEqual([header.readUInt16LE(22), header.readUInt32LE(24)], [1, 16_000]);
      assert.approximately(header.readUInt32LE(40) / 32_000, seconds, 0.001);

      const { shares, onProgress } = recorder();
      const { language, segments } = yield* transcribe({ path, workspace, seconds, onProgress });
      assert.deepStrictEqual([name, language], [{ name: "pocketsphinx", model: "en-us" }, "en-US"]);
      assert.deepStrictEqual(
        segments.map(({ text }) => text),
        ["go forward ten meters", "go forward ten meters"],
      );
      for (const [at, { startSeconds, endSeconds, confidence }] of segments.entries()) {
        assert.approximately(startSeconds, 0.46 + at * secondTime, 0.1);
        assert.approximately(endSeconds, 2.06 + at * secondTime, 0.15);
        assert.isAbove(confidence ?? 0, 0.5);
        assert.isAtMost(confidence ?? 2, 1);
      }
      assert.strictEqual(readFileSync(path).length, header.readUInt32LE(40) + 44 + 3 * 32_000);
      assert.isAbove(shares.length, 4);
      assert.deepStrictEqual(shares, shares.toSorted((a, b) => a - b));
    }));
});
