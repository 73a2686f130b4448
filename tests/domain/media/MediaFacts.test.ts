import { assert, describe, it } from "@effect/vitest";
import { Schema } from "effect";
import { bounds, keepTags } from "../../../domain/media/MediaFacts.ts";

const { count, keyLength, valueLength } = bounds.tags;

describe("keepTags", () => {
  it("keeps tags as they are, but for the case of their names", () =>
    assert.deepStrictEqual(keepTags({ TITLE: "Gespräch mit Jörg", "Album Artist": "Studio Süd 🎙️" }), {
      title: "Gespräch mit Jörg",
      "album artist": "Studio Süd 🎙️",
    }));

  it("makes one space of control characters in a row, and none at the ends", () =>
    assert.deepStrictEqual(keepTags({ "\0com\r\n\tment\x1b": " \x07one\r\ntwo\u0085three\x7f\n" }), {
      "com ment": "one two three",
    }));

  it("leaves tags out that have no name or no value", () =>
    assert.deepStrictEqual(keepTags({ "": "a", "\0": "b", " ": "c", d: "", e: "\r\n", f: " ", g: "0" }), {
      g: "0",
    }));

  it("cuts names and values to length, and no character in two", () => {
    const kept = keepTags({ ["🎵".repeat(keyLength + 1)]: "🎙".repeat(valueLength + 1) });
    assert.deepStrictEqual(kept, { ["🎵".repeat(keyLength)]: "🎙".repeat(valueLength) });
  });

  it("keeps the first 64 that have something to keep", () => {
    const tags = Array.from(
      { length: 2 * count + 2 },
      (_, index) => [`tag ${index}`, index % 2 ? "value" : ""],
    );
    const kept = Object.keys(keepTags(Object.fromEntries(tags)));
    assert.strictEqual(kept.length, count);
    assert.deepStrictEqual([kept[0], kept.at(-1)], ["tag 1", `tag ${2 * count - 1}`]);
  });

  it("treats names that every object has like any other", () => {
    const tags: Record<string, string> = JSON.parse(
      '{"__proto__": "a", "constructor": "b", "toString": "c"}',
    );
    assert.deepStrictEqual(Object.entries(keepTags(tags)), [["__proto__", "a"], ["constructor", "b"], [
      "tostring",
      "c",
    ]]);
  });

  it.prop("keeps nothing beyond the bounds", [Schema.Record(Schema.String, Schema.String)], ([tags]) => {
    const kept = Object.entries(keepTags(tags));
    assert.isAtMost(kept.length, count);
    for (const [key, value] of kept) {
      assert.isTrue(key.length > 0 && [...key].length <= keyLength, key);
      assert.isTrue(value.length > 0 && [...value].length <= valueLength, value);
      assert.notMatch(key + value, /\p{Cc}/u);
    }
  });
});
