import { assert, layer } from "@effect/vitest";
import { Deferred, Effect, Fiber, type Tracer } from "effect";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { join } from "node:path";
import type { Levels } from "../../../domain/media/Loudness.ts";
import { OutputFormat } from "../../../domain/media/OutputFormat.ts";
import { type Encoding, encodingFor } from "../../../domain/media/OutputSpec.ts";
import { render } from "../../../infra/media/Render.ts";
import { MediaEngine, type RenderedFile } from "../../../services/MediaEngine.ts";
import { decode, encode, ffmpeg, silentFlac, sine, wav } from "../../support/Audio.ts";
import {
  assertProgress,
  encodingOf,
  engine,
  factsOf,
  failureOf,
  isAlive,
  recorder,
  sourceOf,
  withProcesses,
} from "./MediaFixture.ts";

/** Probes and renders a source. */
const renderAll = Effect.fnUntraced(function* (
  content: Parameters<typeof sourceOf>[0],
  encodings: readonly [Encoding, ...ReadonlyArray<Encoding>],
  levels: Levels | null = null,
) {
  const { probe, render } = yield* MediaEngine;
  const { workspace, source } = yield* sourceOf(content);
  const { shares, onProgress } = recorder();
  const media = yield* probe(source);
  const { files, failed } = yield* render({ workspace, source, media, encodings, levels, onProgress });
  return { files, failed, shares, workspace, source };
});

/** Every format that the ffmpeg of the tests can write; Debian builds it without AMR. */
const written = OutputFormat.literals.filter((format) => format !== "amr");

/** What ffprobe prints of all streams and the format, each different line once: the streams of a playlist have much in common. */
const entryOf = (entry: string, path: string): string => {
  const args = ["-v", "error", "-show_entries", entry, "-of", "csv=p=0", path];
  const lines = execFileSync("ffprobe", args, { encoding: "utf8" }).trim().split(/\n+/);
  return [...new Set(lines)].join("\n");
};

const pathOf = (files: ReadonlyArray<RenderedFile>, name: string): string =>
  files.find(({ encoding }) => encoding.name === name)?.path ?? assert.fail(`no output ${name}`);

layer(engine, { excludeTestServices: true })("rendering", (it) => {
  const everyFormat: readonly [Encoding, ...ReadonlyArray<Encoding>] = [
    encodingOf({ format: "mp3", bitrateKbps: 192, channels: 1 }),
    encodingOf({ format: "m4a", bitrateKbps: 128 }),
    encodingOf({ format: "opus", bitrateKbps: 96 }),
    encodingOf({ format: "ogg", bitrateKbps: 192 }),
    encodingOf({ format: "flac" }),
    encodingOf({ format: "wav", sampleRate: 48_000 }),
    encodingOf({ format: "aiff" }),
    encodingOf({ format: "mp3", name: "small", bitrateKbps: 64, sampleRate: 22_050 }),
    encodingOf({ format: "aac", bitrateKbps: 128 }),
    encodingOf({ format: "alac" }),
    encodingOf({ format: "wma", bitrateKbps: 128 }),
    encodingOf({ format: "ac3", bitrateKbps: 192 }),
    encodingOf({ format: "mp3", name: "variable", quality: 2 }),
    encodingOf({ format: "ogg", name: "better", quality: 8 }),
  ];

  it.effect("renders every format by one process from one decode, and the same bytes again", () =>
    Effect.gen(function* () {
      const source = wav(sine({ seconds: 2 }));
      const { result: { files, shares }, processes } = yield* withProcesses(
        renderAll(source, everyFormat),
      );
      const renders = processes.filter(({ name }) => name === "ffmpeg render");
      assert.lengthOf(renders, 1);
      const args = renders[0]?.attributes.get("process.command_args");
      assert.lengthOf(Array.isArray(args) ? args.filter((arg) => arg === "-i") : [], 1);
      assert.strictEqual(renders[0]?.attributes.get("process.exit.code"), 0);

      const shown = files.map(({ path }) => {
        const entries = "stream=codec_name,sample_rate,channels:format=format_name,duration";
        const [stream = "", format = ""] = entryOf(entries, path).replaceAll('"', "").split("\n");
        const names = format.split(",");
        return { stream, container: names[0], seconds: Number(names.at(-1)) };
      });
      assert.deepStrictEqual(
        shown.map(({ stream }) => stream),
        [
          "mp3,44100,1",
          "aac,44100,2",
          "opus,48000,2",
          "vorbis,44100,2",
          "flac,44100,2",
          "pcm_s16le,48000,2",
          "pcm_s16be,44100,2",
          "mp3,22050,2",
          "aac,44100,2",
          "alac,44100,2",
          "wmav2,44100,2",
          "ac3,44100,2",
          "mp3,44100,2",
          "vorbis,44100,2",
        ],
      );
      assert.deepStrictEqual(
        shown.map(({ container }) => container),
        [
          ...["mp3", "mov", "ogg", "ogg", "flac", "wav", "aiff", "mp3"],
          ...["aac", "mov", "asf", "ac3", "mp3", "ogg"],
        ],
      );
      for (const [index, { encoding, path, sizeBytes, sha256, durationSeconds }] of files.entries()) {
        const bytes = readFileSync(path);
        assert.strictEqual(sizeBytes, bytes.length);
        assert.strictEqual(sha256, createHash("sha256").update(bytes).digest("hex"));
        assert.approximately(durationSeconds, 2, 0.12);
        // For bare streams ffprobe only guesses; of the others it counts what the encoder added.
        const isOther = ["aac", "ac3", "mp3", "opus"].includes(encoding.format);
        assert.approximately(shown[index]?.seconds ?? NaN, durationSeconds, isOther ? 0.1 : 0.001);
      }
      assertProgress(shares);

      const again = yield* renderAll(source, everyFormat);
      assert.deepStrictEqual(again.files.map(({ sha256 }) => sha256), files.map(({ sha256 }) => sha256));
    }));

  it.effect.each(["s16", "s24"] as const)(
    "keeps every bit of %s samples in lossless formats",
    (format) =>
      Effect.gen(function* () {
        const { files, source } = yield* renderAll(wav(sine({ seconds: 0.3 }), format), [
          encodingOf({ format: "flac" }),
          encodingOf({ format: "wav" }),
          encodingOf({ format: "aiff" }),
          encodingOf({ format: "alac" }),
        ]);
        const samples = decode(source);
        for (const { path } of files) {
          const copy = decode(path);
          assert.strictEqual(copy.length, samples.length);
          assert.strictEqual(copy.findIndex((sample, i) => sample !== samples[i]), -1, path);
        }
      }),
  );

  it.effect("does not spend 24 bits on what was coded with loss", () =>
    Effect.gen(function* () {
      const { files } = yield* renderAll((path) => {
        encode(`${path}.mp3`, sine());
        writeFileSync(path, readFileSync(`${path}.mp3`));
      }, [encodingOf({ format: "flac" }), encodingOf({ format: "wav" })]);
      assert.strictEqual(entryOf("stream=bits_per_raw_sample", pathOf(files, "flac")), "16");
      assert.strictEqual(entryOf("stream=codec_name", pathOf(files, "wav")), "pcm_s16le");
    }));

  /** Rates and channels that formats have to change, or hold in a way of their own. */
  const sources = [[2_000, 1], [8_000, 3], [384_000, 4], [44_100, 7]] as const;

  it.effect.each(sources)(
    "renders every format by default from a source at %d Hz with %d channels",
    ([sampleRate, channels]) =>
      Effect.gen(function* () {
        const [first, ...others] = written
          .map((format) => encodingFor({ name: format, format }, { sampleRate, channels }));
        if (first === undefined) return assert.fail();
        const { files } = yield* renderAll(wav(sine({ sampleRate, channels, seconds: 0.3 })), [
          first,
          ...others,
        ]);
        assert.lengthOf(files, written.length);
        for (const { encoding, path } of files) {
          const rate = encoding.format === "opus" ? 48_000 : encoding.sampleRate;
          assert.strictEqual(entryOf("stream=sample_rate,channels", path), `${rate},${encoding.channels}`);
        }
      }),
  );

  it.effect("carries portable tags over, and leaves the rest behind, with a cover and chapters that are not wanted", () =>
    Effect.gen(function* () {
      const tagged = (path: string) => {
        writeFileSync(`${path}.txt`, ";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1\nSTART=0\nEND=1\ntitle=One\n");
        ffmpeg("-f", "lavfi", "-i", "testsrc", "-frames:v", "1", `${path}.png`);
        ffmpeg(
          ...["-f", "lavfi", "-i", "sine=duration=1", "-i", `${path}.png`, "-i", `${path}.txt`],
          ...[
            "-map",
            "0",
            "-map",
            "1",
            "-map_chapters",
            "2",
            "-c:v",
            "copy",
            "-disposition:v",
            "attached_pic",
          ],
          ...[
            "-metadata",
            "title=A = B -f tee",
            "-metadata",
            "artist=<b>",
            "-metadata",
            "private=x",
            "-f",
            "mp3",
            path,
          ],
        );
      };
      const plain = { channels: 1, cover: "none", chapters: [] } as const;
      const { files } = yield* renderAll(tagged, [
        encodingOf({ ...plain, format: "mp3", bitrateKbps: 64 }),
        encodingOf({ ...plain, format: "flac" }),
        encodingOf({ ...plain, format: "m4a", bitrateKbps: 64 }),
      ]);
      for (const { path } of files) {
        // The file's one stream, then its tags; a chapter would stand before them.
        const entries = "stream=codec_type:format_tags=title,artist,private:chapter=id";
        assert.strictEqual(entryOf(entries, path), "audio\nA = B -f tee,<b>");
      }
    }));

  it.effect("is not misled by tags that read like its own log", () =>
    Effect.gen(function* () {
      const comment = "Output stream #0:0 x (0 samples) [error] while opening decoder";
      const tagged = (path: string) => {
        encode(`${path}.flac`, sine(), "-metadata", `comment=${comment}`);
        writeFileSync(path, readFileSync(`${path}.flac`));
      };
      for (const format of ["aac", "mp3"] as const) {
        const { files: [{ path, durationSeconds }] } = yield* renderAll(tagged, [
          encodingOf({ format, bitrateKbps: 128 }),
        ]);
        assert.approximately(durationSeconds, 1, 0.1);
        if (format === "mp3") assert.lengthOf(decode(path), 2 * 44_100);
      }
      const opus = encodingOf({ format: "opus", channels: 1, bitrateKbps: 510 });
      const { code, stage } = yield* failureOf(renderAll(tagged, [opus]));
      assert.deepStrictEqual([code, stage], ["ENCODE_FAILED", "encode"]);
    }));

  it.effect("renders a single sample, where the format can hold it", () =>
    Effect.gen(function* () {
      const sample = wav({ sampleRate: 44_100, channels: 2, samples: new Float32Array(2) });
      const { files, shares } = yield* renderAll(sample, [
        encodingOf({ format: "mp3", bitrateKbps: 64 }),
        encodingOf({ format: "ogg", bitrateKbps: 64 }),
        encodingOf({ format: "flac" }),
        encodingOf({ format: "wav" }),
        encodingOf({ format: "aiff" }),
      ]);
      for (const { durationSeconds } of files) assert.isAbove(durationSeconds, 0);
      assertProgress(shares);
      const { code, detail } = yield* failureOf(
        renderAll(sample, [encodingOf({ format: "opus", bitrateKbps: 64 })]),
      );
      assert.deepStrictEqual([code, detail], ["ENCODE_FAILED", "The audio is too short for opus"]);
    }));
});

layer(engine, { excludeTestServices: true })("an output that fails among others", (it) => {
  const tooFast = encodingOf({ format: "opus", channels: 1, bitrateKbps: 510 });

  it.effect("does not spoil them: they are rendered, and it is said which one failed and why", () =>
    Effect.gen(function* () {
      const { result: { files, failed, shares }, processes } = yield* withProcesses(renderAll(
        wav(sine({ seconds: 3 })),
        [encodingOf({ format: "flac" }), tooFast, encodingOf({ format: "mp3", bitrateKbps: 64 })],
      ));
      assert.deepStrictEqual(files.map(({ encoding }) => encoding.name), ["flac", "mp3"]);
      for (const { path, durationSeconds } of files) {
        assert.strictEqual(decode(path).length, 3 * 2 * 44_100);
        assert.approximately(durationSeconds, 3, 0.1);
      }
      assert.deepStrictEqual(
        failed.map(({ encoding, reason: { code, stage } }) => [encoding.name, code, stage]),
        [
          ["opus", "ENCODE_FAILED", "encode"],
        ],
      );
      assert.include(failed[0]?.reason.detail, "The bit rate 510000 bps is unsupported");
      assert.lengthOf(processes.filter(({ name }) => name === "ffmpeg render"), 4);
      assertProgress(shares);
    }));

  it.effect("is the same bytes as it is together with others", () =>
    Effect.gen(function* () {
      const mp3 = encodingOf({ format: "mp3", bitrateKbps: 64 });
      const apart = yield* renderAll(wav(sine()), [tooFast, mp3]);
      const together = yield* renderAll(wav(sine()), [encodingOf({ format: "flac" }), mp3]);
      assert.strictEqual(apart.files[0].sha256, together.files[1]?.sha256);
    }));

  it.effect("costs no second rendering where it was written, but is of no use", () =>
    Effect.gen(function* () {
      const sample = wav({ sampleRate: 44_100, channels: 2, samples: new Float32Array(2) });
      const { result: { files, failed }, processes } = yield* withProcesses(
        renderAll(sample, [encodingOf({ format: "opus", bitrateKbps: 64 }), encodingOf({ format: "wav" })]),
      );
      assert.deepStrictEqual(files.map(({ encoding }) => encoding.name), ["wav"]);
      assert.deepStrictEqual(failed.map(({ reason }) => reason.detail), ["The audio is too short for opus"]);
      assert.lengthOf(processes.filter(({ name }) => name === "ffmpeg render"), 1);
    }));

  it.effect("fails all of it where none could be made", () =>
    Effect.gen(function* () {
      const { code } = yield* failureOf(renderAll(wav(sine()), [tooFast, { ...tooFast, name: "again" }]));
      assert.strictEqual(code, "ENCODE_FAILED");
    }));
});

layer(engine, { excludeTestServices: true })("a rendering that fails", (it) => {
  it.effect("tells in plain words what the encoder refuses", () =>
    Effect.gen(function* () {
      const opus = encodingOf({ format: "opus", channels: 1, bitrateKbps: 510 });
      const { code, detail, stage } = yield* failureOf(renderAll(wav(sine()), [opus]));
      assert.strictEqual(code, "ENCODE_FAILED");
      assert.strictEqual(stage, "encode");
      assert.include(
        detail,
        "The bit rate 510000 bps is unsupported. Please choose a value between 500 and 256000.",
      );
    }));

  it.effect("tells that it does not know how to mix nine channels", () =>
    Effect.gen(function* () {
      const mp3 = encodingOf({ format: "mp3", bitrateKbps: 64 });
      const { code, detail } = yield* failureOf(renderAll(wav(sine({ channels: 9 })), [mp3]));
      assert.strictEqual(code, "ENCODE_FAILED");
      assert.include(detail, "Rematrix is needed between 9 channels and stereo");
      assert.notInclude(detail, "/");
    }));

  it.effect("is for good when the encoder aborts on samples that are not numbers", () =>
    Effect.gen(function* () {
      const { render } = yield* MediaEngine;
      const sound = sine();
      sound.samples.fill(NaN);
      const { workspace, source } = yield* sourceOf(wav(sound, "f32"));
      const mp3 = encodingOf({ format: "mp3", bitrateKbps: 128 });
      const { code, stage } = yield* failureOf(
        render({
          workspace,
          source,
          media: factsOf(),
          encodings: [mp3],
          levels: null,
          onProgress: () => Effect.void,
        }),
      );
      assert.deepStrictEqual([code, stage], ["ENCODE_FAILED", "encode"]);
    }));

  it.effect("stops at the largest size of an output", () =>
    Effect.gen(function* () {
      const { workspace, source } = yield* sourceOf(silentFlac(30));
      const job = {
        workspace,
        source,
        media: factsOf({ durationSeconds: 30 }),
        levels: null,
        onProgress: () => Effect.void,
      };
      const encodings = [encodingOf({ format: "flac" }), encodingOf({ format: "wav" })] as const;
      const { files, failed } = yield* render({ ...job, encodings }, {
        maxSeconds: 600,
        maxBytes: 1_000_000,
      });
      assert.deepStrictEqual(files.map(({ encoding }) => encoding.name), ["flac"]);
      assert.deepStrictEqual(failed.map(({ reason: { code, stage } }) => [code, stage]), [[
        "OUTPUT_LIMIT",
        "encode",
      ]]);
      assert.isAtMost(readFileSync(join(workspace, "wav.wav")).length, 1_000_000);
    }));

  it.effect("stops at the longest duration, whatever the facts say", () =>
    Effect.gen(function* () {
      const { workspace, source } = yield* sourceOf(silentFlac(200));
      const { shares, onProgress } = recorder();
      const encodings = [encodingOf({ format: "flac" })] as const;
      const { code } = yield* failureOf(
        render({
          workspace,
          source,
          media: factsOf({ durationSeconds: 20 }),
          encodings,
          levels: null,
          onProgress,
        }, {
          maxSeconds: 60,
          maxBytes: 100_000_000,
        }),
      );
      assert.strictEqual(code, "DURATION_LIMIT");
      assert.isAtMost(Number(entryOf("format=duration", join(workspace, "flac.flac"))), 62.5);
      for (const share of shares) assert.isAtMost(share, 1);
    }));

  it.effect("fails where nothing decodes", () =>
    Effect.gen(function* () {
      const { render } = yield* MediaEngine;
      const { workspace, source } = yield* sourceOf((path) => {
        encode(`${path}.m4a`, sine({ seconds: 3 }), "-movflags", "+faststart");
        const file = readFileSync(`${path}.m4a`);
        writeFileSync(path, file.fill(0xff, file.indexOf("mdat") + 4));
      });
      const { code, stage } = yield* failureOf(render({
        ...{
          workspace,
          source,
          media: factsOf({ durationSeconds: 3 }),
          levels: null,
          onProgress: () => Effect.void,
        },
        encodings: [encodingOf({ format: "flac" })],
      }));
      assert.deepStrictEqual([code, stage], ["DECODE_FAILED", "decode"]);
    }));

  it.effect("ends its process when it is interrupted", () =>
    Effect.gen(function* () {
      const { render } = yield* MediaEngine;
      const { workspace, source } = yield* sourceOf(silentFlac(18_000));
      const begun = yield* Deferred.make<void>();
      const spans: Array<Tracer.NativeSpan> = [];
      const fiber = yield* Effect.forkChild(withProcesses(
        render({
          ...{ workspace, source, media: factsOf({ durationSeconds: 18_000 }), levels: null },
          encodings: [encodingOf({ format: "ogg", bitrateKbps: 128 })],
          onProgress: () => Effect.asVoid(Deferred.succeed(begun, undefined)),
        }),
        spans,
      ));
      yield* Deferred.await(begun);
      const pid = spans.find(({ name }) => name === "ffmpeg render")?.attributes.get("process.pid");
      assert.isTrue(isAlive(pid));
      yield* Fiber.interrupt(fiber);
      assert.isFalse(isAlive(pid));
      assert.isTrue(existsSync(workspace));
    }));
});
