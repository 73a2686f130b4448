import { assert, describe, it } from "@effect/vitest";
import { Result, Schema } from "effect";
import { UploadId, UserId } from "../../../domain/Id.ts";
import { AnalysisParts } from "../../../domain/analysis/AnalysisPart.ts";
import { OutputRequest } from "../../../domain/media/OutputSpec.ts";
import { waveformPictureQuery } from "../../../src/api/PictureQuery.ts";
import { firstIssue } from "../../../src/http/ProblemLayers.ts";

/** What is said of a value that a schema refuses. */
const said = (schema: Schema.Codec<unknown, unknown>, value: unknown) => {
  const decoded = Schema.decodeUnknownResult(schema, { onExcessProperty: "error" })(value);
  return Result.isFailure(decoded) ? firstIssue(decoded.failure.issue) : assert.fail("It is valid");
};

const Parts = Schema.Struct({ parts: AnalysisParts });

describe("what a schema refuses", () => {
  it.each<readonly [string, Schema.Codec<unknown, unknown>, unknown, string]>([
    [
      "tags.title",
      OutputRequest,
      { format: "mp3", tags: { title: "\0" } },
      "Expected text without control characters",
    ],
    [
      "tags.A B",
      OutputRequest,
      { format: "mp3", tags: { "A B": "x" } },
      "A tag's name has 1 to 64 small letters, digits or _",
    ],
    [
      "color",
      Schema.Struct(waveformPictureQuery),
      { color: "red" },
      "Expected a colour as rrggbb or rrggbbaa",
    ],
    ["id", Schema.Struct({ id: UploadId }), { id: "1" }, "Expected an id that begins with upl_"],
    ["user", Schema.Struct({ user: UserId }), { user: "/" }, "Expected 1 to 128 letters, digits, _ . @ or -"],
  ])("is told in words, not as a pattern: %s", (field, schema, value, expected) => {
    const problem = said(schema, value);
    assert.strictEqual(problem.field, field);
    assert.isTrue(problem.detail.startsWith(expected), problem.detail);
  });

  it("is an array in which at least one is to be given, where it is empty", () => {
    const detail = "Give at least one";
    assert.deepStrictEqual(said(Schema.Union([Parts, Schema.Null]), { parts: [] }), {
      detail,
      field: "parts",
    });
    assert.deepStrictEqual(said(OutputRequest, { format: "hls", bitratesKbps: [] }), {
      detail,
      field: "bitratesKbps",
    });
  });

  it("is a key that is missing, also in the first element of an array", () => {
    assert.deepStrictEqual(said(Schema.Array(OutputRequest), [{}]), {
      detail: "Missing key",
      field: "[0].format",
    });
  });
});
