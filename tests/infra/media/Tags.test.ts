import { assert, layer } from "@effect/vitest";
import { Effect } from "effect";
import { Buffer } from "node:buffer";
import { readFileSync, writeFileSync } from "node:fs";
import type { OutputFormat } from "../../../domain/media/OutputFormat.ts";
import { MediaEngine } from "../../../services/MediaEngine.ts";
import { encode, sine } from "../../support/Audio.ts";
import { encodingOf, engine, sourceOf } from "./MediaFixture.ts";

/** The tags of each output that is made of a source. */
const tagsIn = Effect.fnUntraced(
  function* (content: (path: string) => void, ...formats: readonly [OutputFormat, ...Array<OutputFormat>]) {
    const { probe, render } = yield* MediaEngine;
    const { workspace, source } = yield* sourceOf(content);
    const media = yield* probe(source);
    const [first, ...others] = formats;
    const encoding = (format: OutputFormat) => encodingOf({ format, bitrateKbps: 64 });
    const { files } = yield* render({
      ...{ workspace, source, media, levels: null, onProgress: () => Effect.void },
      encodings: [encoding(first), ...others.map(encoding)],
    });
    return yield* Effect.forEach(
      files,
      ({ encoding: { format }, path }) => Effect.map(probe(path), ({ tags }) => [format, tags] as const),
    );
  },
);

const sound = sine({ seconds: 0.5 });

/** Writes a file with tags, by ffmpeg. */
const tagged = (format: string, tags: Readonly<Record<string, string>>) => (path: string) =>
  encode(
    path,
    sound,
    ...Object.entries(tags).flatMap(([name, text]) => ["-metadata", `${name}=${text}`]),
    ...["-f", format],
  );

/** Writes an MP3 file with frames of ID3v2.4 (its sizes have seven bits a byte), which ffmpeg cannot all write. */
const withFrames = (frames: ReadonlyArray<readonly [id: string, content: string]>) => (path: string) => {
  const size = (bytes: number) => [21, 14, 7, 0].map((shift) => bytes >> shift & 127);
  const written = Buffer.concat(frames.flatMap(([id, content]) => {
    const bytes = Buffer.from(`\x03${content}`);
    return [Buffer.from(id), Buffer.from([...size(bytes.length), 0, 0]), bytes];
  }));
  encode(path, sound, "-id3v2_version", "0", "-f", "mp3");
  const header = Buffer.from(["I", "D", "3"].map((letter) => letter.charCodeAt(0)).concat(4, 0, 0));
  writeFileSync(
    path,
    Buffer.concat([header, Buffer.from(size(written.length)), written, readFileSync(path)]),
  );
};

const credits = {
  conductor: "A conductor",
  lyricist: "A lyricist",
  arranger: "An arranger",
  remixer: "A remixer",
  producer: "A producer",
  engineer: "An engineer",
  mood: "calm",
  publisher: "A publisher",
  label: "A label",
  catalognumber: "ABC 1",
  barcode: "4006381333931",
  isrc: "DEA123456789",
};
const inMpeg4 = { lyrics: "la la; la = la", grouping: "A grouping", compilation: "1" };

const own = {
  encoded_by: "A person",
  replaygain_track_gain: "-3.00 dB",
  itunsmpb: "0",
  bpm: "120",
  initialkey: "Am",
  language: "eng",
  creation_time: "2020-01-02T03:04:05Z",
};

layer(engine, { excludeTestServices: true })("the tags of a source", (it) => {
  it.effect("are carried over to each format that has them, but for those of its file and its sound", () =>
    Effect.gen(function* () {
      const all = { title: "A title", ...credits, ...inMpeg4 };
      const source = tagged("flac", { ...all, ...own });
      const found = yield* tagsIn(source, "mp3", "flac", "ogg", "opus", "aiff", "wma", "m4a", "wav");
      assert.lengthOf(found, 8);
      for (const [format, tags] of found) {
        if (format === "wav") assert.deepStrictEqual(tags, { title: "A title" });
        else assert.deepInclude(tags, format === "m4a" ? { title: "A title", ...inMpeg4 } : all, format);
        if (format !== "m4a") assert.doesNotHaveAnyKeys(tags, Object.keys(own), format);
      }
    }));

  it.effect("are known by the names that MP3 has for them", () =>
    Effect.gen(function* () {
      const source = withFrames([
        ["TSRC", credits.isrc],
        ["TEXT", credits.lyricist],
        ["TMOO", credits.mood],
        ["TPUB", credits.publisher],
        ["TIT1", inMpeg4.grouping],
        ["USLT", "eng\0la la\nla"],
        ["TBPM", "120"],
      ]);
      const { isrc, lyricist, mood, publisher } = credits;
      const tags = { isrc, lyricist, mood, publisher, grouping: inMpeg4.grouping, lyrics: "la la la" };
      assert.deepStrictEqual(yield* tagsIn(source, "flac"), [["flac", tags]]);
    }));

  it.effect("are known by the names that WMA has for them", () =>
    Effect.gen(function* () {
      const source = tagged("asf", { "WM/Lyrics": "la", "WM/ISRC": credits.isrc, "WM/IsVBR": "0" });
      const tags = { lyrics: "la", isrc: credits.isrc };
      assert.deepStrictEqual(yield* tagsIn(source, "flac"), [["flac", tags]]);
    }));

  it.effect("are left out where lyrics would end in the middle", () =>
    Effect.gen(function* () {
      const lyrics = "la ".repeat(400);
      assert.deepStrictEqual(yield* tagsIn(tagged("flac", { lyrics, title: "A title" }), "flac"), [
        ["flac", { title: "A title" }],
      ]);
    }));
});
