import { assert, layer } from "@effect/vitest";
import { Effect } from "effect";
import { readFileSync, renameSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import process from "node:process";
import type { MediaFacts } from "../../../domain/media/MediaFacts.ts";
import { MediaEngine } from "../../../services/MediaEngine.ts";
import { amr, encode, ffmpeg, silence, silentFlac, sine, type Sound, wav } from "../../support/Audio.ts";
import { engine, failureOf, scratchDirectory, sourceOf, withProcesses } from "./MediaFixture.ts";

const probe = Effect.fnUntraced(function* (content: Parameters<typeof sourceOf>[0]) {
  const { source } = yield* sourceOf(content);
  return yield* (yield* MediaEngine).probe(source);
});

const codeOf = (content: Parameters<typeof sourceOf>[0]) =>
  failureOf(probe(content)).pipe(
    Effect.tap(({ stage }) => Effect.sync(() => assert.strictEqual(stage, "probe"))),
  )
    .pipe(Effect.map(({ code }) => code));

/** Writes what ffmpeg makes of a sound to a path without extension. */
const encoded = (extension: string, sound: Sound, ...args: ReadonlyArray<string>) => (path: string) => {
  encode(`${path}.${extension}`, sound, ...args);
  renameSync(`${path}.${extension}`, path);
};

layer(engine, { excludeTestServices: true })("probing", (it) => {
  const stereo = sine({ seconds: 3 });
  const facts: ReadonlyArray<readonly [string, ReadonlyArray<string>, Partial<MediaFacts>]> = [
    ["wav", [], { container: "wav", codec: "pcm_s16le", bitRate: 1_411_200 }],
    ["aiff", [], { container: "aiff", codec: "pcm_s16be" }],
    ["au", [], { container: "au", codec: "pcm_s16be" }],
    ["caf", [], { container: "caf", codec: "pcm_s16be" }],
    ["flac", [], { container: "flac", codec: "flac" }],
    ["wv", [], { container: "wv", codec: "wavpack" }],
    ["mp3", [], { container: "mp3", codec: "mp3", bitRate: 128_000 }],
    ["mp3", ["-write_xing", "0", "-id3v2_version", "0"], { container: "mp3", codec: "mp3" }],
    ["m4a", [], { container: "mp4", codec: "aac" }],
    ["m4a", ["-c:a", "alac"], { container: "mp4", codec: "alac" }],
    ["aac", [], { container: "aac", codec: "aac" }],
    ["ogg", [], { container: "ogg", codec: "vorbis" }],
    ["opus", [], { container: "ogg", codec: "opus", sampleRate: 48_000 }],
    ["webm", [], { container: "webm", codec: "opus", sampleRate: 48_000 }],
    ["mka", [], { container: "matroska", codec: "vorbis" }],
    ["wma", [], { container: "asf", codec: "wmav2" }],
    ["ac3", ["-ar", "48000"], { container: "ac3", codec: "ac3", sampleRate: 48_000 }],
  ];
  it.effect.each(facts)(
    "tells a format by its content: %s %j",
    ([extension, args, expected]) =>
      Effect.gen(function* () {
        const found = yield* probe(encoded(extension, stereo, ...args));
        assert.containsSubset(found, { sampleRate: 44_100, channels: 2, ...expected });
        assert.approximately(found.durationSeconds, 3, 0.06);
      }),
  );

  it.effect("tells AMR by its content", () =>
    Effect.gen(function* () {
      const { container, codec, durationSeconds, sampleRate } = yield* probe(amr(3));
      assert.deepStrictEqual([container, codec, durationSeconds, sampleRate], ["amr", "amr_nb", 3, 8_000]);
    }));

  it.effect("counts the duration of a WebM that declares none", () =>
    Effect.gen(function* () {
      const found = yield* probe((path) => {
        writeFileSync(`${path}.wav`, wav(stereo));
        // A stream that cannot be sought has no place for the duration.
        writeFileSync(path, ffmpeg("-i", `${path}.wav`, "-f", "webm", "-live", "1", "pipe:1"));
      });
      assert.strictEqual(found.container, "webm");
      assert.approximately(found.durationSeconds, 3, 0.06);
    }));

  it.effect("counts the duration where the header declares a wrong one", () =>
    Effect.gen(function* () {
      const found = yield* probe(Buffer.from(silentFlac(20, 10)));
      assert.approximately(found.durationSeconds, 20, 1.5);
    }));

  it.effect("knows the duration of Vorbis in which short blocks are many", () =>
    Effect.gen(function* () {
      const clicks = Float32Array.from({ length: 3 * 44_100 }, (_, i) => i % 3_000 < 4 ? 0.9 : 0);
      const found = yield* probe(encoded("ogg", { sampleRate: 44_100, channels: 1, samples: clicks }));
      assert.strictEqual(found.durationSeconds, 3);
    }));

  it.effect("takes the audio of a film, and leaves its pictures undecoded", () =>
    Effect.gen(function* () {
      const film = (path: string) => {
        ffmpeg(
          ...["-f", "lavfi", "-i", "testsrc=size=64x64:duration=2", "-f", "lavfi", "-i", "sine=duration=2"],
          ...["-c:v", "mpeg4", "-c:a", "aac", "-f", "mp4", path],
        );
      };
      const { container, codec, channels } = yield* probe(film);
      assert.deepStrictEqual([container, codec, channels], ["mp4", "aac", 1]);
    }));

  it.effect("reads an MP3 behind a cover of three megabytes", () =>
    Effect.gen(function* () {
      const covered = (path: string) => {
        ffmpeg(
          "-f",
          "lavfi",
          "-i",
          "nullsrc=size=1024x1024,geq=random(1)*255",
          "-frames:v",
          "1",
          `${path}.png`,
        );
        ffmpeg(
          ...["-f", "lavfi", "-i", "sine=duration=2", "-i", `${path}.png`, "-map", "0", "-map", "1"],
          ...["-c:v", "copy", "-disposition:v", "attached_pic", "-f", "mp3", path],
        );
        assert.isAbove(readFileSync(path).length, 1_000_000);
      };
      const { codec, durationSeconds } = yield* probe(covered);
      assert.strictEqual(codec, "mp3");
      assert.approximately(durationSeconds, 2, 0.06);
    }));

  it.effect("keeps tags, cut to size and without control characters", () =>
    Effect.gen(function* () {
      const tagged = (path: string) => {
        const script = "<script>alert(1)</script>";
        writeFileSync(
          `${path}.txt`,
          `;FFMETADATA1\ntitle=${"x".repeat(5_000_000)}\nartist=${script}\nalbum=a\u0007b\\\nc\n`,
        );
        encode(`${path}.flac`, stereo, "-i", `${path}.txt`, "-map_metadata", "1");
        renameSync(`${path}.flac`, path);
      };
      const { tags } = yield* probe(tagged);
      assert.strictEqual(tags["title"], "x".repeat(1_024));
      assert.strictEqual(tags["artist"], "<script>alert(1)</script>");
      assert.strictEqual(tags["album"], "a b c");
    }));

  it.effect("passes no variable of its own environment on", () =>
    Effect.gen(function* () {
      const directory = yield* scratchDirectory;
      const report = join(directory, "report.log");
      // ffmpeg and ffprobe write their log to the file that this variable names.
      yield* Effect.acquireRelease(
        Effect.sync(() => process.env["FFREPORT"] = `file=${report}`),
        () => Effect.sync(() => delete process.env["FFREPORT"]),
      );
      yield* probe(wav(stereo));
      assert.throws(() => readFileSync(report), "ENOENT");
    }));
});

layer(engine, { excludeTestServices: true })("probing what is no audio", (it) => {
  const victim = wav(sine());
  const texts: ReadonlyArray<readonly [string, string]> = [
    ["a concat script", "ffconcat version 1.0\nfile 'victim.wav'\n"],
    ["an HLS playlist", "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nvictim.wav\n#EXT-X-ENDLIST\n"],
    ["an HLS playlist of a local file", "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/passwd\n"],
    [
      "an SDP description",
      "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\n",
    ],
    ["a DASH manifest", `<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><Period/></MPD>`],
    ["text", "All work and no play makes Jack a dull boy.\n".repeat(2_000)],
    ["HTML", "<!DOCTYPE html><html><body><p>Not found</p></body></html>"],
    ["an M3U list", "#EXTM3U\nsource\n"],
    ["subtitles", "1\n00:00:00,000 --> 00:00:01,000\nHello\n\n"],
  ];
  it.effect.each(texts)("refuses %s", ([, text]) =>
    Effect.gen(function* () {
      const { workspace, source } = yield* sourceOf(text);
      writeFileSync(join(workspace, "victim.wav"), victim);
      const { code } = yield* failureOf((yield* MediaEngine).probe(source));
      assert.strictEqual(code, "UNSUPPORTED_FORMAT");
    }));

  it.effect("makes no connection for a playlist", () =>
    Effect.gen(function* () {
      let requests = 0;
      const server = yield* Effect.acquireRelease(
        Effect.callback<ReturnType<typeof createServer>>((resume) => {
          const server = createServer((_, response) => {
            requests++;
            response.end(victim);
          });
          server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)));
        }),
        (server) => Effect.callback<void>((resume) => void server.close(() => resume(Effect.void))),
      );
      const address = server.address();
      const port = typeof address === "object" ? address?.port : undefined;
      const playlist = `#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1:${port}/a.wav\n`;
      assert.strictEqual(yield* codeOf(playlist), "UNSUPPORTED_FORMAT");
      assert.strictEqual(requests, 0);
    }));

  it.effect("refuses text with pieces of MPEG frames in front", () =>
    Effect.gen(function* () {
      const text = Buffer.from("All work and no play makes Jack a dull boy.\n".repeat(500));
      const mixed = (path: string) => {
        encode(`${path}.mp3`, sine(), "-write_xing", "0", "-id3v2_version", "0");
        writeFileSync(path, Buffer.concat([readFileSync(`${path}.mp3`).subarray(2_000, 6_000), text]));
      };
      assert.strictEqual(yield* codeOf(mixed), "UNSUPPORTED_FORMAT");
    }));

  it.effect("refuses a picture, and a film without sound", () =>
    Effect.gen(function* () {
      const picture = (path: string) =>
        ffmpeg("-f", "lavfi", "-i", "testsrc", "-frames:v", "1", "-f", "mjpeg", path);
      const film = (path: string) =>
        ffmpeg("-f", "lavfi", "-i", "testsrc=duration=1", "-c:v", "mpeg4", "-f", "mp4", path);
      assert.strictEqual(yield* codeOf(picture), "UNSUPPORTED_FORMAT");
      assert.strictEqual(yield* codeOf(film), "UNSUPPORTED_FORMAT");
    }));

  it.effect("refuses a codec that is not on the list", () =>
    Effect.gen(function* () {
      const exotic = encoded("wav", sine(), "-c:a", "adpcm_yamaha");
      assert.strictEqual(yield* codeOf(exotic), "UNSUPPORTED_FORMAT");
    }));

  it.effect("refuses a file in which nothing decodes", () =>
    Effect.gen(function* () {
      // Its index is at the end.
      const half = (path: string) => {
        encoded("m4a", sine({ seconds: 3 }))(path);
        truncateSync(path, statSync(path).size >> 1);
      };
      assert.strictEqual(yield* codeOf(half), "UNSUPPORTED_FORMAT");
      const hollow = (path: string) => {
        encoded("m4a", sine({ seconds: 3 }), "-movflags", "+faststart")(path);
        const file = readFileSync(path);
        writeFileSync(path, file.fill(0xff, file.indexOf("mdat") + 4));
      };
      assert.strictEqual(yield* codeOf(hollow), "DECODE_FAILED");
    }));
});

layer(engine, { excludeTestServices: true })("probing audio out of bounds", (it) => {
  const endless: ReadonlyArray<readonly [string, Uint8Array]> = [
    ["24 hours in one megabyte", silentFlac(86_400)],
    ["24 hours that the header does not declare", silentFlac(86_400, null)],
    ["24 hours that the header declares to be a second", silentFlac(86_400, 1)],
  ];
  it.effect.each(endless)("refuses %s, without decoding it", ([, file]) =>
    Effect.gen(function* () {
      const { result, processes } = yield* withProcesses(codeOf(file));
      assert.strictEqual(result, "DURATION_LIMIT");
      assert.notInclude(processes.map(({ name }) => name), "ffmpeg decode");
    }));

  const strange: ReadonlyArray<readonly [string, Uint8Array]> = [
    ["a sample rate of 1 Hz", wav(silence({ seconds: 0.01 }), "s16", { sampleRate: 1 })],
    ["a sample rate of 10 MHz", wav(silence({ seconds: 0.01 }), "s16", { sampleRate: 10_000_000 })],
    ["255 channels", wav(silence({ seconds: 0.01 }), "s16", { channels: 255 })],
  ];
  it.effect.each(strange)("refuses %s by the header alone", ([, file]) =>
    Effect.gen(function* () {
      const { result, processes } = yield* withProcesses(codeOf(file));
      assert.strictEqual(result, "INVALID_PARAMETERS");
      assert.deepStrictEqual(processes.map(({ name }) => name), ["ffprobe"]);
    }));

  it.effect.each([NaN, -Infinity])(
    "refuses a sample of %s, wherever it is",
    (value) =>
      Effect.gen(function* () {
        const sound = sine({ seconds: 4 });
        sound.samples[sound.samples.length - 7] = value;
        assert.strictEqual(yield* codeOf(wav(sound, "f32")), "INVALID_SAMPLES");
      }),
  );

  it.effect("accepts floating-point samples beyond full scale", () =>
    Effect.gen(function* () {
      const { codec } = yield* probe(wav(sine({ amplitude: 3 }), "f32"));
      assert.strictEqual(codec, "pcm_f32le");
    }));

  it.effect("refuses an empty file, and a WAV without samples", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* codeOf(""), "EMPTY_AUDIO");
      assert.strictEqual(yield* codeOf(wav(silence({ seconds: 0 }))), "EMPTY_AUDIO");
    }));

  it.effect("accepts a single sample", () =>
    Effect.gen(function* () {
      const { durationSeconds } = yield* probe(
        wav({ sampleRate: 44_100, channels: 1, samples: new Float32Array(1) }),
      );
      assert.approximately(durationSeconds, 1 / 44_100, 1e-6);
    }));
});
