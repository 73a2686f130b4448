/** whisper.cpp's command line, held to a stand-in that prints and writes what the program does: there is no model to test it with. */
import { NodeServices } from "@effect/platform-node";
import { assert, layer } from "@effect/vitest";
import { Deferred, Effect, Fiber } from "effect";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import * as WhisperCpp from "../../../infra/recogniser/WhisperCpp.ts";
import type { OnProgress } from "../../../services/MediaEngine.ts";
import { Recogniser } from "../../../services/Recogniser.ts";
import { whisperThat } from "../../support/StandInWhisper.ts";
import { isAlive, recorder, scratchDirectory } from "../media/MediaFixture.ts";

/** As the program writes it, with a line break that it has not escaped. */
const output = `{
	"systeminfo": "WHISPER : COREML = 0 | OPENVINO = 0 |",
	"model": { "type": "base", "multilingual": true, "vocab": 51865 },
	"params": { "model": "/m/ggml-base.bin", "language": "auto", "translate": false },
	"result": { "language": "de" },
	"transcription": [
		{
			"timestamps": { "from": "00:00:00,000", "to": "00:00:05,120" },
			"offsets": { "from": 0, "to": 5120 },
			"text": " Sie sagte: \\"Grüß
 Gott\\"."
		},
		{
			"timestamps": { "from": "00:00:05,120", "to": "00:00:08,000" },
			"offsets": { "from": 5120, "to": 8000 },
			"text": " C:\\\\ auch."
		}
	]
}`;

const ok = `echo
echo "[00:00:00.000 --> 00:00:05.120]   Sie sagte: \\"Grüß Gott\\"."
echo "[00:00:05.120 --> 00:00:08.000]   C:\\ auch."
cat > "$out" <<'END'
${output}
END`;

/** Transcribes eight seconds by a stand-in; answers also where it notes what it was told. */
const transcribe = Effect.fnUntraced(function* (
  script: string,
  language: string | null = null,
  onProgress: OnProgress = () => Effect.void,
) {
  const directory = yield* scratchDirectory;
  const notes = join(directory, "bin");
  const before = process.env["PATH"];
  process.env["PATH"] = whisperThat(notes, script);
  yield* Effect.addFinalizer(() => Effect.sync(() => void (process.env["PATH"] = before)));
  const file = { path: join(directory, "speech.wav"), workspace: directory, seconds: 8, onProgress };
  const run = Effect.gen(function* () {
    const recogniser = (yield* Recogniser) ?? assert.fail("There is no recogniser");
    return { ...yield* recogniser.transcribe(file), name: recogniser.name };
  }).pipe(Effect.provide(WhisperCpp.layer({ model: "/m/ggml-base.bin", language })));
  return {
    run,
    directory,
    note: (name: string) => readFileSync(join(notes, name), "utf8").trim().split("\n"),
  };
});

layer(NodeServices.layer, { excludeTestServices: true })("whisper.cpp", (it) => {
  it.effect("writes down what is said, in a language that it finds out", () =>
    Effect.gen(function* () {
      const { shares, onProgress } = recorder();
      const { run, directory, note } = yield* transcribe(ok, null, onProgress);
      const { name, language, segments } = yield* run;
      assert.deepStrictEqual([name, language], [{ name: "whisper.cpp", model: "ggml-base.bin" }, "de"]);
      assert.deepStrictEqual(segments, [
        { startSeconds: 0, endSeconds: 5.12, text: ` Sie sagte: "Grüß  Gott".` },
        { startSeconds: 5.12, endSeconds: 8, text: " C:\\ auch." },
      ]);
      assert.deepStrictEqual(shares, [0.64, 1]);
      assert.deepStrictEqual(
        note("arguments"),
        [
          ...["-m", "/m/ggml-base.bin", "-f", `${directory}/speech.wav`, "-l", "auto", "-oj"],
          ...["-of", `${directory}/transcript`],
        ],
      );
    }));

  it.effect("is told the language, and confined in time and memory", () =>
    Effect.gen(function* () {
      const { run, note } = yield* transcribe(ok, "de");
      yield* run;
      const told = note("arguments");
      assert.strictEqual(told[told.indexOf("-l") + 1], "de");
      assert.deepStrictEqual(note("limits"), [String(120 + 30 * 8), String(16 * 1024 ** 2)]);
    }));

  it.effect.each(
    [
      ["complains and ends well", "echo 'error: unknown language' >&2", "Refused", "unknown language"],
      ["ends badly", "echo 'failed to initialize' >&2; exit 3", "Refused", "failed to initialize"],
      ["crashes", "kill -ABRT $$", "Refused", "Crashed"],
      ["has no time left", "kill -XCPU $$", "Unavailable", "TimeLimit"],
      ["is killed", "kill -KILL $$", "Unavailable", "SIGKILL"],
      ["writes something else", `echo '{"text": "hello"}' > "$out"`, "Unreadable", "result"],
    ] as const,
  )("fails when it %s", ([, script, reason, said]) =>
    Effect.gen(function* () {
      const error = yield* Effect.flip((yield* transcribe(script)).run);
      assert.strictEqual(error.reason, reason);
      assert.include(error.detail, said);
    }));

  it.effect("is ended by an interruption", () =>
    Effect.gen(function* () {
      const begun = yield* Deferred.make<void>();
      const { run, note } = yield* transcribe(
        `echo $$ > "$(dirname "$0")/pid"; echo "[00:00:00.000 --> 00:00:02.000]  Well"; exec sleep 600`,
        null,
        () => Deferred.succeed(begun, undefined),
      );
      const fiber = yield* Effect.forkChild(run);
      yield* Deferred.await(begun);
      const [pid] = note("pid");
      assert.isTrue(isAlive(pid));
      yield* Fiber.interrupt(fiber);
      assert.isFalse(isAlive(pid));
    }));
});
