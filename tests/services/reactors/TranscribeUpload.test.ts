/** The step from a measured upload to its transcript, with a service at the other end. */
import { assert, layer } from "@effect/vitest";
import { Effect } from "effect";
import * as OpenAiTranscriptions from "../../../infra/recogniser/OpenAiTranscriptions.ts";
import { MediaEngine } from "../../../services/MediaEngine.ts";
import { Recogniser } from "../../../services/Recogniser.ts";
import { transcribe } from "../../../services/reactors/TranscribeUpload.ts";
import { sine, wav } from "../../support/Audio.ts";
import { freePort } from "../../support/RunningService.ts";
import { json, serve, verbose } from "../../support/TranscriptionServer.ts";
import { engine, factsOf, recorder, sourceOf } from "../../infra/media/MediaFixture.ts";

/** Where nobody listens. */
const closed = `http://127.0.0.1:${await freePort()}/v1`;

/** Transcribes so many seconds of a sound, or of silence, by the service at `url`. */
const transcribed = Effect.fnUntraced(function* (url: string, decodedSeconds = 1, silent = false) {
  const engine = yield* MediaEngine;
  const job = { ...yield* sourceOf(wav(sine())), media: factsOf() };
  const measured = { decodedSeconds, signal: { silent } };
  const { shares, onProgress } = recorder();
  const outcome = yield* Recogniser.pipe(
    Effect.flatMap((recogniser) =>
      transcribe(engine, recogniser ?? assert.fail("There is no recogniser"), {
        ...job,
        measured,
        onProgress,
      })
    ),
    Effect.provide(
      OpenAiTranscriptions.layer({ url, model: "m", key: null, language: null, firstPause: "1 millis" }),
    ),
  );
  return { ...outcome, shares };
});

layer(engine, { excludeTestServices: true })("an upload's speech", (it) => {
  it.effect("is recognised by a service", () =>
    Effect.gen(function* () {
      const { url, requests } = yield* serve((response) => json(response, verbose(" Hello\nthere. ")));
      const { value, error, shares } = yield* transcribed(url);
      assert.isNull(error);
      assert.containsSubset(value, {
        language: "en",
        recogniser: { name: "openai", model: "m" },
        text: "Hello there.",
        segments: [{ startSeconds: 0.25, endSeconds: 0.75, confidence: 0.8 }],
      });
      assert.deepStrictEqual([shares, requests[0]?.file.bytes.length], [[1], 44 + 32_000]);
    }));

  it.effect.each([["silence", 1, true], ["a moment", 0.09, false]] as const)(
    "is not looked for in %s",
    ([, seconds, silent]) =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* transcribed(closed, seconds, silent), {
          value: null,
          error: null,
          shares: [],
        });
      }),
  );

  it.effect("is missing, with a sentence that says why, where the service fails", () =>
    Effect.gen(function* () {
      const { url } = yield* serve((response) => json(response, { text: "hello" }));
      const failed = (error: string) => ({ value: null, error, shares: [] });
      assert.deepStrictEqual(
        yield* transcribed(url),
        failed("The speech could not be recognised"),
      );
      assert.deepStrictEqual(
        yield* transcribed(closed),
        failed("The recogniser of speech could not be reached, or had no time"),
      );
    }));
});
