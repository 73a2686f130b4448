import { assert, describe, it } from "@effect/vitest";
import { firstCause } from "../../src/FirstCause.ts";

describe("firstCause", () => {
  it.each<readonly [string, Error, string]>([
    ["an error alone", new Error("Refused"), "Refused"],
    ["the deepest of several", new Error("a", { cause: new Error("b", { cause: new Error("c") }) }), "c"],
    ["a sentence", new Error("a", { cause: "The reason" }), "The reason"],
    ["what is above one that says nothing", new Error("a", { cause: new Error("") }), "Error"],
    ["an error whose cause is no sentence", new Error("a", { cause: { code: 1 } }), "a"],
    ["the first of several at once", new AggregateError([new Error("one"), new Error("two")], ""), "one"],
    ["several at once, of which nothing is known", new AggregateError([], "None worked"), "None worked"],
  ])("tells %s", (_, error, expected) => assert.strictEqual(firstCause(error), expected));
});
