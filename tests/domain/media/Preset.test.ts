import { assert, describe, it } from "@effect/vitest";
import { Result } from "effect";
import { OutputFormat } from "../../../domain/media/OutputFormat.ts";
import { settle } from "../../../domain/media/OutputSpec.ts";
import { adapt, outputOf, Preset } from "../../../domain/media/Preset.ts";

const everything = () => true;

describe("a preset", () => {
  it.each(Preset.literals)("is an output that can be made: %s", (preset) => {
    for (const isAvailable of [everything, (format: OutputFormat) => format !== "amr"]) {
      assert.isTrue(Result.isSuccess(settle([{ name: preset, ...outputOf(preset, isAvailable) }])));
    }
  });

  it.each(Preset.literals)("can be made in every format: %s", (preset) => {
    for (const format of OutputFormat.literals) {
      const output = adapt(outputOf(preset, everything), { format });
      assert.strictEqual(output.format, format);
      assert.isTrue(Result.isSuccess(settle([output])), JSON.stringify(output));
    }
  });

  it("takes its second choice where the first is not available", () => {
    assert.strictEqual(outputOf("phone", everything).format, "amr");
    assert.strictEqual(outputOf("phone", (format) => format !== "amr").format, "wav");
  });

  it("gives way to what is wished, and to what that rules out", () => {
    const podcast = outputOf("podcast", everything);
    assert.deepInclude(adapt(podcast, { bitrateKbps: 64 }), { bitrateKbps: 64, channels: 1 });
    const byQuality = adapt(podcast, { quality: 4 });
    assert.strictEqual(byQuality.quality, 4);
    assert.notProperty(byQuality, "bitrateKbps");
    assert.notProperty(adapt(podcast, { gainDb: 3 }), "loudness");
    assert.deepStrictEqual(adapt(podcast, { loudness: { targetLufs: -19 } }).loudness, { targetLufs: -19 });
  });
});
