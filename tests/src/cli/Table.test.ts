import { assert, describe, it } from "@effect/vitest";
import { facts, table } from "../../../src/cli/Table.ts";

interface Row {
  readonly name: string;
  readonly size: number;
  readonly note: string;
}

const columns = [
  { heading: "name", of: ({ name }: Row) => name },
  { heading: "size", of: ({ size }: Row) => size },
  { heading: "note", of: ({ note }: Row) => note },
];

describe("a table", () => {
  it("aligns columns to what is widest in them, numbers to the right, and ends no line in blanks", () => {
    const rows = [
      { name: "a", size: 5, note: "first" },
      { name: "longer", size: 12_345, note: "" },
    ];
    assert.strictEqual(
      table(columns, rows),
      ["NAME     SIZE  NOTE", "a           5  first", "longer  12345"].join("\n"),
    );
  });

  it("has only its headings when there are no rows", () => {
    assert.strictEqual(table(columns, []), "NAME  SIZE  NOTE");
  });

  it("lets nothing through that would steer the terminal or break its lines", () => {
    const text = table(columns, [{ name: "\u001b[31mred\r\n", size: 1, note: "\u202Egnp.3pm" }]);
    assert.lengthOf(text.split("\n"), 2);
    for (const control of ["\u001b", "\r", "\u202e"]) assert.notInclude(text, control);
  });
});

describe("facts", () => {
  it("are one a line, with what is missing said", () => {
    assert.strictEqual(facts([["head", 12], ["last event", null]]), "head        12\nlast event  none");
  });
});
