import { assert, describe, it } from "@effect/vitest";
import { Deferred, Effect, Fiber, Redacted } from "effect";
import { TestClock } from "effect/testing";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import * as OpenAiTranscriptions from "../../../infra/recogniser/OpenAiTranscriptions.ts";
import { Recogniser } from "../../../services/Recogniser.ts";
import { sine, wav } from "../../support/Audio.ts";
import { freePort } from "../../support/RunningService.ts";
import { speechOf } from "../../support/Speech.ts";
import { type Answering, json, serve, verbose } from "../../support/TranscriptionServer.ts";
import { recorder, scratchDirectory } from "../media/MediaFixture.ts";

const speech = (seconds: number) => wav(sine({ seconds, sampleRate: 16_000, channels: 1 }));

/** Transcribes speech by a service. */
const transcribe = Effect.fnUntraced(function* (
  url: string,
  file: Uint8Array,
  { key = null, language = null }: Partial<OpenAiTranscriptions.OpenAiOptions> = {},
) {
  const workspace = yield* scratchDirectory;
  const path = join(workspace, "speech.wav");
  writeFileSync(path, file);
  const { shares, onProgress } = recorder();
  const told = yield* Effect.gen(function* () {
    const { transcribe, name } = (yield* Recogniser) ?? assert.fail("There is no recogniser");
    const seconds = (file.length - 44) / 32_000;
    return { name, ...yield* transcribe({ path, workspace, seconds, onProgress }) };
  }).pipe(
    Effect.provide(
      OpenAiTranscriptions.layer({ url, model: "whisper-1", key, language, firstPause: "1 millis" }),
    ),
  );
  return { ...told, shares };
});

const key = Redacted.make("hush-hush");

describe("a service with OpenAI's interface", () => {
  it.live("is sent the file, the model, the language and the key, and answers segments", () =>
    Effect.gen(function* () {
      const { url, requests } = yield* serve((response) => json(response, verbose(" Hello there.")));
      const file = speech(1);
      const { name, language, segments, shares } = yield* transcribe(url, file, { key, language: "en" });
      assert.deepStrictEqual([name, language], [{ name: "openai", model: "whisper-1" }, "en"]);
      const [segment] = segments;
      assert.containsSubset(segment, { startSeconds: 0.25, endSeconds: 0.75, text: " Hello there." });
      assert.approximately(segment?.confidence ?? 0, 0.8, 1e-9);
      assert.deepStrictEqual([segments.length, shares], [1, [1]]);
      assert.deepStrictEqual(requests, [{
        call: "POST /v1/audio/transcriptions",
        authorization: "Bearer hush-hush",
        fields: { model: "whisper-1", response_format: "verbose_json", language: "en" },
        file: { name: "speech.wav", type: "audio/wav", bytes: file },
      }]);
    }));

  it.live("is sent long speech in pieces; the times go on, the language is that of the first that tells it", () =>
    Effect.gen(function* () {
      const { url, requests } = yield* serve((response, count) =>
        json(response, count === 1 ? { segments: [] } : verbose("late", "Haitian Creole"))
      );
      const { language, segments, shares } = yield* transcribe(url, speechOf(new Int16Array(601 * 16_000)));
      assert.strictEqual(language, "ht");
      assert.lengthOf(requests, 2);
      const [first] = requests.map(({ file: { bytes } }) => (bytes.length - 44) / 32_000);
      assert.approximately(segments[0]?.startSeconds ?? 0, (first ?? 0) + 0.25, 1e-9);
      assert.deepStrictEqual(shares, [(first ?? 0) / 601, 1]);
      assert.deepStrictEqual(requests[0]?.fields, { model: "whisper-1", response_format: "verbose_json" });
      assert.notProperty(requests[0], "authorization");
    }));

  it.live("is asked again when it is busy, broken or gone for a moment", () =>
    Effect.gen(function* () {
      const { url, requests } = yield* serve((response, count) => {
        if (count === 1) response.writeHead(429, { "retry-after": "0" }).end();
        else if (count === 2) response.writeHead(500).end();
        else if (count === 3) response.destroy();
        else json(response, verbose("at last"));
      });
      const file = speech(0.5);
      const { segments } = yield* transcribe(url, file);
      assert.deepStrictEqual(segments.map(({ text }) => text), ["at last"]);
      assert.deepStrictEqual(requests.map(({ file: { bytes } }) => bytes.equals(file)), Array(4).fill(true));
    }));

  it.live("is given up when it goes on failing", () =>
    Effect.gen(function* () {
      const { url, requests } = yield* serve((response) => response.writeHead(500).end("out of order"));
      const error = yield* Effect.flip(transcribe(url, speech(0.5), { key }));
      assert.deepStrictEqual([error.reason, error.detail], [
        "Unavailable",
        "it answered 500: out of order",
      ]);
      assert.lengthOf(requests, 5);
      assert.notInclude(`${error.stack} ${JSON.stringify(error)}`, "hush");
    }));

  it.live.each<readonly [string, Answering]>([
    ["at once", (response) => response.writeHead(401).end("Incorrect API key provided: hush-hush")],
    ["at length", (response) => response.writeHead(401).end(`${"x".repeat(476)}hush-hush`)],
  ])("that quotes the key %s is not believed to keep a secret", ([, answer]) =>
    Effect.gen(function* () {
      const { url } = yield* serve(answer);
      const error = yield* Effect.flip(transcribe(url, speech(0.5), { key }));
      assert.match(error.detail, /^it answered 401: .*…?$/);
      assert.notInclude(`${error.stack} ${JSON.stringify(error)}`, "hush");
    }));

  it.live("is not told a key that no header can have, and neither is the log", () =>
    Effect.gen(function* () {
      const key = Redacted.make("hush\nhush");
      const error = yield* Effect.flip(transcribe("http://127.0.0.1:9/v1", speech(0.5), { key }));
      assert.include(error.detail, "header");
      assert.notInclude(`${error.stack} ${JSON.stringify(error)}`, "hush");
    }));

  it.live("that cannot be reached is unavailable", () =>
    Effect.gen(function* () {
      const port = yield* Effect.promise(freePort);
      const error = yield* Effect.flip(transcribe(`http://127.0.0.1:${port}/v1`, speech(0.5), { key }));
      assert.strictEqual(error.reason, "Unavailable");
      assert.match(error.detail, /^TransportError: .*refused/i);
      assert.notInclude(`${error.stack} ${JSON.stringify(error)}`, "hush");
    }));

  it.live.each<readonly [string, Answering, string, string]>([
    ["refuses", (response) => response.writeHead(401).end("no such key"), "Refused", "401: no such key"],
    ["answers plain text", (response) => response.end("Hello there."), "Unreadable", "JSON"],
    ["answers without segments", (response) => json(response, { text: "Hello" }), "Unreadable", "segments"],
    [
      "answers without end",
      (response) => {
        const go = () =>
          void (response.write("x".repeat(2 ** 20)) ? setImmediate(go) : response.once("drain", go));
        go();
      },
      "Unreadable",
      "JSON",
    ],
  ])("that %s is asked once", ([, answer, reason, detail]) =>
    Effect.gen(function* () {
      const { url, requests } = yield* serve(answer);
      const error = yield* Effect.flip(transcribe(url, speech(0.5)));
      assert.strictEqual(error.reason, reason);
      assert.include(error.detail, detail);
      assert.isBelow(error.detail.length, 1_000);
      assert.lengthOf(requests, 1);
    }));

  it.effect("is given ten minutes, and four times as long as the speech lasts", () =>
    Effect.gen(function* () {
      const asked = yield* Deferred.make<void>();
      const { url } = yield* serve(() => Effect.runSync(Deferred.succeed(asked, undefined)));
      const fiber = yield* Effect.forkChild(Effect.flip(transcribe(url, speech(10))));
      yield* Deferred.await(asked);
      yield* TestClock.adjust("639 seconds");
      assert.isUndefined(fiber.pollUnsafe());
      yield* TestClock.adjust("1 second");
      const error = yield* Fiber.join(fiber);
      assert.deepStrictEqual([error.reason, error.detail], ["Unavailable", "it did not answer in time"]);
    }));
});
