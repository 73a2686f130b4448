import { assert, describe, it } from "@effect/vitest";
import { readFileSync } from "node:fs";
import { errorsPage } from "../../src/ErrorsPage.ts";

describe("the generated pages", () => {
  it("say what the code says: run `deno task docs` after a change", () => {
    assert.strictEqual(readFileSync(new URL("../../docs/errors.md", import.meta.url), "utf8"), errorsPage());
  });
});
