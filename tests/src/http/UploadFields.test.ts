import { assert, layer } from "@effect/vitest";
import { Effect } from "effect";
import { readFields } from "../../../src/http/UploadFields.ts";
import { engine } from "../../infra/media/MediaFixture.ts";

const nested = (depth: number) => `{"a":${"[".repeat(depth - 1)}${"]".repeat(depth - 1)}}`;

const refusal = (fields: Parameters<typeof readFields>[0]) => Effect.flip(readFields(fields));

layer(engine, { excludeTestServices: true })("the fields of an upload", (it) => {
  it.effect("have defaults: nobody in particular, no outputs, an analysis", () =>
    Effect.gen(function* () {
      const read = yield* readFields({});
      assert.deepStrictEqual(read.process, { outputs: [], analysis: true });
      assert.deepStrictEqual([read.userId, read.sessionId, read.metadata], ["default", null, {}]);
    }));

  it.effect("take metadata that is nested 32 deep, and brackets in its strings", () =>
    Effect.gen(function* () {
      yield* readFields({ metadata: nested(32) });
      const { metadata } = yield* readFields({ metadata: JSON.stringify({ text: "[".repeat(100) + '\\"' }) });
      assert.deepStrictEqual(metadata, { text: "[".repeat(100) + '\\"' });
    }));

  it.effect.each([33, 8_000])("refuse metadata that is nested %i deep", (depth) =>
    Effect.gen(function* () {
      const problem = yield* refusal({ metadata: nested(depth) });
      assert.deepStrictEqual([problem.code, problem.field], ["INVALID_PARAMETER", "metadata"]);
    }));

  it.effect.each(["\u0000", "\ud800", "\udc00", "\\\u0000"])(
    "refuse metadata that Postgres cannot hold: %j",
    (text) =>
      Effect.gen(function* () {
        assert.strictEqual((yield* refusal({ metadata: JSON.stringify({ text }) })).field, "metadata");
      }),
  );

  it.effect("take an escape that is written out, and whole surrogate pairs", () =>
    Effect.gen(function* () {
      yield* readFields({ metadata: JSON.stringify({ text: "\\u0000 \\ud800 😀" }) });
    }));

  it.effect.each(
    [
      [{ process: "{" }, "process"],
      [{ process: '{"outputs":[{"format":"mp3","codec":"copy -f tee /x"}]}' }, "process.outputs[0].codec"],
      [
        { process: '{"outputs":[{"format":"mp3","bitrateKbps":"-i /etc/passwd"}]}' },
        "process.outputs[0].bitrateKbps",
      ],
      [{ process: '{"outputs":[{"format":"wav","bitrateKbps":128}]}' }, "process.outputs[0].bitrateKbps"],
      [
        {
          process: JSON.stringify({
            outputs: [{
              format: "wav",
              loudness: { targetLufs: -16, album: [`upl_${"1".repeat(26)}`] },
            }],
          }),
        },
        "process.outputs[0].loudness.album",
      ],
      [{ userId: "../../x" }, "userId"],
      [{ sessionId: "a\nb" }, "sessionId"],
      [{ metadata: "[1]" }, "metadata"],
    ] as const,
  )("name the one that is wrong: %j", ([fields, field]) =>
    Effect.gen(function* () {
      assert.strictEqual((yield* refusal(fields)).field, field);
    }));
});
