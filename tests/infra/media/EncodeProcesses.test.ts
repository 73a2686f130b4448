import { assert, layer } from "@effect/vitest";
import { type Array, Effect } from "effect";
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Encoding } from "../../../domain/media/OutputSpec.ts";
import { MediaEngine } from "../../../services/MediaEngine.ts";
import { encode, sine, wav } from "../../support/Audio.ts";
import { assertProgress, encodingOf, engine, recorder, sourceOf, withProcesses } from "./MediaFixture.ts";

const sound = sine({ sampleRate: 16_000, channels: 1, seconds: 30 });
const as = (encoding: Parameters<typeof encodingOf>[0]) =>
  encodingOf({ sampleRate: 16_000, channels: 1, ...encoding });
const outputs = [
  as({ format: "mp3", bitrateKbps: 32 }),
  as({ format: "flac", processing: { speed: 2 } }),
  as({ format: "opus", bitrateKbps: 16 }),
  as({ format: "m4a", bitrateKbps: 32, sampleRate: 22_050 }),
] as const;

const renderAll = Effect.fnUntraced(function* (
  content: Parameters<typeof sourceOf>[0],
  encodings: Array.NonEmptyReadonlyArray<Encoding>,
) {
  const { probe, render } = yield* MediaEngine;
  const { workspace, source } = yield* sourceOf(content);
  const { shares, onProgress } = recorder();
  const media = yield* probe(source);
  const { files, failed } = yield* render({ workspace, source, media, encodings, levels: null, onProgress });
  assertProgress(shares);
  assert.deepStrictEqual(readdirSync(workspace).filter((name) => name === "_decoded"), []);
  return { files, failed, source };
});

layer(engine, { excludeTestServices: true })("several outputs of a longer source", (it) => {
  it.effect.each(
    [
      ["24 bits", wav(sound, "s24")],
      ["a codec with loss", (path: string) => encode(path, sound, "-f", "ogg", "-c:a", "libvorbis")],
    ] as const,
  )(
    "are shared by two processes from one decode, and are the same bytes: %s",
    ([, content]) =>
      Effect.gen(function* () {
        const { result: { files, source }, processes } = yield* withProcesses(renderAll(content, outputs));
        const commands = processes.filter(({ name }) => name === "ffmpeg render")
          .map(({ attributes }) => attributes.get("process.command_args"));
        assert.lengthOf(commands, 2);
        assert.lengthOf(commands.flat().filter((arg) => arg === `file:${source}`), 1);
        for (const [index, output] of outputs.entries()) {
          // The others come from the file itself, whether together or apart.
          if (output.format !== "flac" && output.format !== "m4a") continue;
          const { files: [{ sha256 }] } = yield* renderAll(content, [output]);
          assert.strictEqual(files[index]?.sha256, sha256, output.format);
        }
      }),
  );

  it.effect("are made by one process where there can be no named pipe", () =>
    Effect.gen(function* () {
      const { probe, render } = yield* MediaEngine;
      const { workspace, source } = yield* sourceOf(wav(sound));
      mkdirSync(join(workspace, "_decoded"));
      const media = yield* probe(source);
      const job = { workspace, source, media, encodings: [outputs[0], outputs[3]] as const, levels: null };
      const { result: { files }, processes } = yield* withProcesses(
        render({ ...job, onProgress: () => Effect.void }),
      );
      assert.deepStrictEqual(files.map(({ encoding }) => encoding.name), ["mp3", "m4a"]);
      assert.lengthOf(processes.filter(({ name }) => name === "ffmpeg render"), 1);
    }));

  it.effect("fail alone", () =>
    Effect.gen(function* () {
      const tooFast = as({ name: "fast", format: "opus", bitrateKbps: 510 });
      const { files, failed } = yield* renderAll(wav(sound), [outputs[3], tooFast]);
      assert.deepStrictEqual(files.map(({ encoding }) => encoding.name), ["m4a"]);
      assert.deepStrictEqual(failed.map(({ encoding, reason }) => [encoding.name, reason.code]), [
        ["fast", "ENCODE_FAILED"],
      ]);
    }));
});
