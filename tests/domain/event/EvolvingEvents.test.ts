import { assert, describe, it } from "@effect/vitest";
import { readFileSync } from "node:fs";

const page = new URL("../../../docs/evolving-events.md", import.meta.url);
const text = readFileSync(page, "utf8");

/** Code in one line: how it is indented and broken does not matter. */
const flat = (code: string) => code.replace(/\s+/g, " ").trim();

/** The pieces of code on the page, each with the file that was last named before it. */
const pieces = text.split(/^```/m).flatMap((part, index, parts) => {
  if (index % 2 === 0) return [];
  const before = parts.slice(0, index).filter((_, place) => place % 2 === 0).join("");
  const file = [...before.matchAll(/\]\((\.\.\/[^)]+\.ts)\)/g)].at(-1)?.[1] ?? "";
  return [{ file, code: flat(part.replace(/^\w*\n/, "")) }];
});

describe("the tutorial on changing an event", () => {
  it("shows code of the domain, of an adapter and of the tests", () => {
    const folders = pieces.map(({ file }) => file.split("/")[1]);
    assert.deepStrictEqual([...new Set(folders)].sort(), ["domain", "infra", "tests"]);
  });

  it.each(pieces)("shows the code of $file as it is", ({ file, code }) => {
    assert.include(flat(readFileSync(new URL(file, page), "utf8")), code);
  });
});
