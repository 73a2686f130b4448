import { assert, describe, it } from "@effect/vitest";
import { Schema } from "effect";
import { cleanFilename } from "../../../domain/upload/Filename.ts";

describe("cleanFilename", () => {
  it.each([
    ["song.mp3", "song.mp3"],
    ["  a song.mp3\t", "a song.mp3"],
    ["../../etc/passwd", "passwd"],
    ["C:\\Users\\ann\\song.mp3", "song.mp3"],
    ["a/b\\c.wav", "c.wav"],
    ["Größe 中文 🎵.flac", "Größe 中文 🎵.flac"],
    ["a\u0000b\u001f\u007f\u0085c", "abc"],
    ["a\r\nb: c", "ab: c"],
    ["\u202egnp.\u202c\u2066\u200f\u061cwav", "gnp.wav"],
    ["half \ud83c of an emoji", "half  of an emoji"],
    ["concat:a|b", "concat:a|b"],
    ["..", ".."],
    ["👩‍🎤.wav", "👩‍🎤.wav"],
  ])("makes %j into %j", (name, kept) => {
    assert.strictEqual(cleanFilename(name), kept);
  });

  it.each(["", " ", "/", "a/", "\\", "\u0000", "\u202e", "../"])("calls %j audio", (name) => {
    assert.strictEqual(cleanFilename(name), "audio");
  });

  it("keeps 255 characters, and no half of one", () => {
    assert.strictEqual(cleanFilename("x".repeat(300)), "x".repeat(255));
    assert.strictEqual(cleanFilename("🎵".repeat(300)), "🎵".repeat(255));
  });

  it.prop("leaves nothing harmful of any name, and a clean name as it is", [Schema.String], ([name]) => {
    const kept = cleanFilename(name);
    assert.notMatch(kept, /[/\\\p{Cc}\p{Cs}\p{Bidi_Control}]/u);
    assert.isAbove(kept.length, 0);
    assert.isAtMost(Array.from(kept).length, 255);
    assert.strictEqual(cleanFilename(kept), kept);
    // It can be put into a header.
    assert.strictEqual(decodeURIComponent(encodeURIComponent(kept)), kept);
  });
});
