import { assert, layer } from "@effect/vitest";
import { Effect } from "effect";
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { coverFormats } from "../../../domain/media/Cover.ts";
import type { OutputFormat } from "../../../domain/media/OutputFormat.ts";
import type { Encoding } from "../../../domain/media/OutputSpec.ts";
import { encodePng } from "../../../infra/picture/Png.ts";
import { MediaEngine } from "../../../services/MediaEngine.ts";
import { decode, encode, ffmpeg, sine, wav } from "../../support/Audio.ts";
import { encodingOf, engine, sourceOf, withProcesses } from "./MediaFixture.ts";

/** A PNG of noise, the same at every run: about as many bytes as pixels. */
const noisePng = (side: number) => {
  let state = 3;
  const pixels = Uint8Array.from({ length: side * side }, () => {
    state = Math.imul(state, 1_664_525) + 1_013_904_223 | 0;
    return state >>> 24;
  });
  const palette = Array.from({ length: 256 }, (_, i) => [i / 255, i / 255, i / 255, 1] as const);
  return encodePng({ width: side, height: side, palette, pixels });
};

/** Bytes that are no picture. */
const noise = (length: number) => Buffer.from(Array.from({ length }, (_, i) => i * 2_654_435_761 >>> 24));

/** Writes an MP3 behind an ID3v2.3 tag with a picture of any bytes. */
const mp3With = (picture: Uint8Array) => (path: string) => {
  encode(`${path}.mp3`, sine(), "-id3v2_version", "0");
  const content = Buffer.concat([Buffer.from("\0image/png\0\x03\0", "latin1"), picture]);
  const frame = Buffer.from("APIC\0\0\0\0\0\0", "latin1");
  frame.writeUInt32BE(content.length, 4);
  const header = Buffer.from("ID3\x03\0\0\0\0\0\0", "latin1");
  for (const i of [0, 1, 2, 3]) header[6 + i] = (content.length + 10) >> 7 * (3 - i) & 0x7f;
  writeFileSync(path, Buffer.concat([header, frame, content, readFileSync(`${path}.mp3`)]));
};

/** Writes audio with a film beside it. */
const film = (path: string) => {
  ffmpeg(
    ...["-f", "lavfi", "-i", "testsrc=size=64x64:duration=1", "-f", "lavfi", "-i", "sine=duration=1"],
    ...["-c:v", "mjpeg", "-c:a", "aac", "-f", "mov", path],
  );
};

const frames = 100_001;
const sound = { ...sine(), samples: sine({ seconds: 3 }).samples.slice(0, 2 * frames) };
const [first, second] = ["One = 1; #\\ ö", "é".repeat(128)];
const chaptered = [[0, first], [0.6, second], [1.5, ""]] as const;

/** Writes a FLAC file with tags, chapters, and whatever ffmpeg is told to take as pictures from the files beside it. */
const flacWith = (pictures: ReadonlyArray<Uint8Array>, ...args: ReadonlyArray<string>) => (path: string) => {
  writeFileSync(`${path}.wav`, wav(sound));
  const chapters = chaptered.flatMap(([start, title], i) => [
    `CHAPTER00${i}=00:00:0${start.toFixed(3)}`,
    `CHAPTER00${i}NAME=${title.replace(/[=;#\\]/g, "\\$&")}`,
  ]);
  writeFileSync(`${path}.txt`, [";FFMETADATA1", "title=A song", ...chapters, ""].join("\n"));
  for (const [i, picture] of pictures.entries()) writeFileSync(`${path}-${i}.picture`, picture);
  ffmpeg(
    ...["-i", `${path}.wav`, "-f", "ffmetadata", "-i", `${path}.txt`],
    ...pictures.flatMap((_, i) => ["-i", `${path}-${i}.picture`]),
    ...["-map", "0:a", "-map_metadata", "1", ...pictures.flatMap((_, i) => ["-map", `${i + 2}:v`])],
    ...["-c:v", "copy", "-disposition:v", "attached_pic", ...args, "-f", "flac", path],
  );
};

const renderFrom = Effect.fnUntraced(function* (
  content: Parameters<typeof sourceOf>[0],
  encodings: readonly [Encoding, ...ReadonlyArray<Encoding>],
  cover?: Uint8Array,
) {
  const { probe, render } = yield* MediaEngine;
  const { workspace, source } = yield* sourceOf(content);
  const media = yield* probe(source);
  const path = join(workspace, "picture");
  if (cover) writeFileSync(path, cover);
  const job = { workspace, source, media, encodings, levels: null, onProgress: () => Effect.void };
  const { files, failed } = yield* render({ ...job, ...(cover && { cover: path }) });
  assert.lengthOf(failed, 0);
  return { media, files };
});

/** What ffprobe finds beside the sound of a file, and the bytes of its first picture. */
const readBack = (path: string) => {
  const args = ["-v", "error", "-of", "json", "-show_streams", "-show_format", "-show_chapters", path];
  const { streams, format, chapters } = JSON.parse(execFileSync("ffprobe", args, { encoding: "utf8" }));
  const pictures = streams.filter((stream: Stream) => stream.codec_type === "video");
  return {
    tags: { ...streams[0].tags, ...format.tags },
    chapters: chapters.map((chapter: Chapter) => ({
      start: Number(chapter.start_time),
      end: Number(chapter.end_time),
      title: chapter.tags.title,
    })),
    pictures: pictures.map((stream: Stream) => stream.disposition.attached_pic),
    picture: pictures.length === 0
      ? null
      : ffmpeg("-i", path, "-map", "0:v:0", "-c", "copy", "-f", "image2pipe", "pipe:1"),
  };
};

const framesOf = (path: string): number => decode(path).length / 2;

interface Stream {
  readonly codec_type: string;
  readonly disposition: { readonly attached_pic: number };
}

interface Chapter {
  readonly start_time: string;
  readonly end_time: string;
  readonly tags: { readonly title: string };
}

const assertChapters = (
  found: ReadonlyArray<{ readonly start: number; readonly end: number; readonly title: string }>,
  expected: ReadonlyArray<readonly [start: number, title: string]>,
  end: number,
  format: string,
) => {
  assert.deepStrictEqual(found.map(({ title }) => title), expected.map(([, title]) => title), format);
  for (const [index, [start]] of expected.entries()) {
    assert.approximately(found[index]?.start ?? NaN, start, 0.0011, format);
    // Formats whose chapters have no end have the last one end with the file, and encoders add a little.
    assert.approximately(found[index]?.end ?? NaN, expected[index + 1]?.[0] ?? end, 0.06, format);
  }
};

const formats: ReadonlyArray<OutputFormat> = [...coverFormats, "wma", "wav"];

const encodingsOf = (...changes: ReadonlyArray<Parameters<typeof encodingOf>[0]>) => {
  const [first, ...others] = changes.map((change) => encodingOf({ bitrateKbps: 96, ...change }));
  return first === undefined ? assert.fail() : [first, ...others] as const;
};

layer(engine, { excludeTestServices: true })("what goes with the sound", (it) => {
  it.effect("is carried over to every format that holds it, bytes, times and all", () =>
    Effect.gen(function* () {
      const cover = yield* Effect.promise(() => noisePng(400));
      assert.isAbove(cover.length, 128 * 1_024);
      const moved = { trim: { startSeconds: 0.3, endSeconds: 1.7 }, speed: 2 };
      const { result: { media, files }, processes } = yield* withProcesses(renderFrom(
        flacWith([cover]),
        encodingsOf(
          ...formats.map((format) => ({ format })),
          { format: "mp3", name: "moved", processing: moved },
          { format: "opus", name: "moved-opus", processing: moved },
          { format: "flac", name: "none", cover: "none", chapters: [] },
        ),
      ));
      assert.deepStrictEqual(media.cover, { mediaType: "image/png", width: 400, height: 400 });
      assert.deepStrictEqual(media.chapters, [
        { startSeconds: 0, endSeconds: 0.6, title: first },
        { startSeconds: 0.6, endSeconds: 1.5, title: second },
        { startSeconds: 1.5, endSeconds: media.durationSeconds, title: "" },
      ]);
      assert.lengthOf(processes.filter(({ name }) => name === "ffmpeg render"), 1);

      const third = "Chapter 3";
      for (const { path, encoding: { name, format } } of files) {
        const found = readBack(path);
        if (name.startsWith("moved")) {
          assertChapters(found.chapters, [[0, first], [0.15, second], [0.6, third]], 0.7, name);
          assert.deepStrictEqual(found.picture, Buffer.from(cover), name);
          continue;
        }
        if (["mp3", "flac", "ogg"].includes(name)) assert.strictEqual(framesOf(path), frames, name);
        if (name === "opus") assert.approximately(framesOf(path), frames * 48_000 / 44_100, 1);
        if (name === "m4a") {
          // What its edit list says: the last block is decoded to its end.
          const file = readFileSync(path);
          assert.strictEqual(file.readUInt32BE(file.indexOf("elst") + 12), frames);
        }
        if (name === "none" || format === "wav") {
          assert.deepStrictEqual([found.chapters, found.picture], [[], null], name);
          continue;
        }
        assert.strictEqual(found.tags.title ?? found.tags.TITLE, "A song", name);
        assertChapters(found.chapters, [[0, first], [0.6, second], [1.5, third]], frames / 44_100, name);
        if (format === "wma") continue;
        assert.deepStrictEqual(found.pictures, [1], name);
        assert.deepStrictEqual(found.picture, Buffer.from(cover), name);
      }
    }));

  it.effect("is what was asked for instead, and the same bytes whenever it is", () =>
    Effect.gen(function* () {
      const [cover, other] = yield* Effect.promise(() => Promise.all([noisePng(140), noisePng(8)]));
      assert.isAbove(cover.length, 16 * 1_024);
      const chapters = [{ startSeconds: 0.25, title: "\\A\\" }, { startSeconds: 1, title: "[B]" }];
      const late = { startSeconds: 60, title: "Later" };
      const encodings = encodingsOf(
        ...(["mp3", "ogg"] as const).map((format) => ({ format, chapters: [...chapters, late] })),
      );
      const { files } = yield* renderFrom(flacWith([other]), encodings, cover);
      for (const { path, encoding: { format } } of files) {
        const found = readBack(path);
        assert.deepStrictEqual(found.picture, Buffer.from(cover), format);
        assertChapters(found.chapters, [[0.25, "\\A\\ "], [1, "[B]"]], frames / 44_100, format);
        assert.strictEqual(framesOf(path), frames, format);
      }
      const again = yield* renderFrom(flacWith([other]), encodings, cover);
      assert.deepStrictEqual(again.files.map(({ sha256 }) => sha256), files.map(({ sha256 }) => sha256));
    }));

  it.effect("is the front cover of several pictures", () =>
    Effect.gen(function* () {
      const photo = ["-f", "lavfi", "-i", "testsrc=size=18x16", "-frames:v", "1", "-f", "mjpeg", "pipe:1"];
      const pictures = [yield* Effect.promise(() => noisePng(8)), ffmpeg(...photo)];
      const types = ["back", "front"].flatMap((side, i) => [`-metadata:s:v:${i}`, `comment=Cover (${side})`]);
      const { media, files: [{ path }] } = yield* renderFrom(
        flacWith(pictures, ...types),
        encodingsOf({ format: "m4a" }),
      );
      assert.deepStrictEqual(media.cover, { mediaType: "image/jpeg", width: 18, height: 16 });
      assert.deepStrictEqual(readBack(path).picture, pictures[1]);
    }));

  it.effect("is left out where it is no picture within the bounds", () =>
    Effect.gen(function* () {
      const tiny = Buffer.from(yield* Effect.promise(() => noisePng(8)));
      const vast = Buffer.from(tiny);
      vast.writeUInt32BE(20_000, 16);
      vast.writeUInt32BE(20_000, 20);
      const hostile = {
        vast,
        garbage: Buffer.concat([Buffer.from([0xff, 0xd8, 0xff]), noise(50_000)]),
        heavy: Buffer.concat([tiny, Buffer.alloc(5 * 1_024 ** 2)]),
      };
      const { probe } = yield* MediaEngine;
      const coverIn = Effect.fnUntraced(function* (content: Parameters<typeof sourceOf>[0]) {
        return (yield* probe((yield* sourceOf(content)).source)).cover;
      });
      for (const [name, picture] of Object.entries(hostile)) {
        assert.strictEqual(yield* coverIn(mp3With(picture)), null, name);
      }
      assert.strictEqual(yield* coverIn(film), null);
      assert.deepStrictEqual(yield* coverIn(mp3With(tiny)), { mediaType: "image/png", width: 8, height: 8 });
      const { files: [{ path }] } = yield* renderFrom(mp3With(vast), encodingsOf({ format: "flac" }));
      assert.deepStrictEqual(readBack(path).pictures, []);
    }));
});
