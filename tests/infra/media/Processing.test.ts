import { assert, layer } from "@effect/vitest";
import { Effect } from "effect";
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import type { Encoding } from "../../../domain/media/OutputSpec.ts";
import type { Processing } from "../../../domain/media/Processing.ts";
import { MediaEngine } from "../../../services/MediaEngine.ts";
import { decode, ffmpeg, sine, type Sound, wav } from "../../support/Audio.ts";
import {
  assertProgress,
  encodingOf,
  engine,
  failureOf,
  recorder,
  sourceOf,
  withProcesses,
} from "./MediaFixture.ts";

/** Two seconds of stereo at 44.1 kHz: 440 Hz on the left, 880 Hz at half the level on the right. */
const twoTones: Sound = {
  ...sine(),
  samples: Float32Array.from({ length: 2 * 2 * 44_100 }, (_, i) => {
    const time = Math.floor(i / 2) / 44_100;
    return i % 2 === 0 ? 0.5 * Math.sin(880 * Math.PI * time) : 0.25 * Math.sin(1_760 * Math.PI * time);
  }),
};

const renderAs = Effect.fnUntraced(
  function* (sound: Sound, ...encodings: readonly [Encoding, ...Array<Encoding>]) {
    const { probe, render } = yield* MediaEngine;
    const { workspace, source } = yield* sourceOf(wav(sound, "s24"));
    const media = yield* probe(source);
    const { shares, onProgress } = recorder();
    const rendering = yield* render({ workspace, source, media, encodings, levels: null, onProgress });
    assertProgress(shares);
    return rendering;
  },
);

/** The samples of a sound after processing, in 24 bits. */
const processed = (sound: Sound, processing: Processing, encoding: Partial<Encoding> = {}) =>
  Effect.map(
    renderAs(sound, encodingOf({ format: "wav", bitDepth: 24, processing, ...encoding })),
    ({ files: [{ path, durationSeconds, loudness }] }) => ({
      samples: decode(path),
      durationSeconds,
      loudness,
    }),
  );

const rms = (samples: Float32Array): number =>
  Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);

/** Half of how often a signal changes its sign in a second. */
const frequencyOf = (samples: Float32Array): number =>
  samples.filter((sample, i) => sample >= 0 !== (samples[i - 1] ?? 0) >= 0).length / 2 /
  (samples.length / 44_100);

/** The frequency of a tone, by the times at which it rises through zero first and last. */
const pitchOf = (samples: Float32Array): number => {
  const rises: Array<number> = [];
  for (let i = 1; i < samples.length; i++) {
    const before = samples[i - 1] ?? 0, after = samples[i] ?? 0;
    if (before < 0 && after >= 0) rises.push(i - after / (after - before));
  }
  return 44_100 * (rises.length - 1) / ((rises.at(-1) ?? 0) - (rises[0] ?? 0));
};

const grid = (samples: Float32Array) => samples.map((sample) => Math.round(sample * 2 ** 23) / 2 ** 23 + 0);

layer(engine, { excludeTestServices: true })("an output", (it) => {
  it.effect("is trimmed to the sample", () =>
    Effect.gen(function* () {
      const trim = { startSeconds: 0.5, endSeconds: 1.25 };
      const { samples, durationSeconds } = yield* processed(twoTones, { trim });
      assert.strictEqual(durationSeconds, 0.75);
      assert.deepStrictEqual(samples, grid(twoTones.samples).slice(2 * 22_050, 2 * 55_125));
      const rest = yield* processed(twoTones, { trim: { startSeconds: 1.5, endSeconds: 99 } });
      assert.lengthOf(rest.samples, 2 * 22_050);
    }));

  it.effect("is trimmed by its samples, where they do not begin with the file", () =>
    Effect.gen(function* () {
      const { probe, render } = yield* MediaEngine;
      const { workspace, source } = yield* sourceOf((path) => {
        writeFileSync(`${path}.wav`, wav(twoTones));
        const input = ["-i", `${path}.wav`];
        // The second stream begins half a second before the first.
        ffmpeg(
          "-itsoffset",
          "0.5",
          ...input,
          ...input,
          "-map",
          "0",
          "-map",
          "1",
          "-c",
          "copy",
          "-f",
          "matroska",
          path,
        );
      });
      const media = yield* probe(source);
      const processing = { trim: { startSeconds: 0.25, endSeconds: 1 }, silenceTrim: {} };
      const encodings = [encodingOf({ format: "wav", processing })] as const;
      const job = { workspace, source, media, encodings, levels: null, onProgress: () => Effect.void };
      const [{ path }] = (yield* render(job)).files;
      // At a quarter of a second, both tones rise through zero.
      assert.deepStrictEqual(decode(path), decode(source).slice(2 * 11_026, 2 * 44_100));
    }));

  it.effect("is one channel of its source, as it is", () =>
    Effect.gen(function* () {
      for (const channelSelect of [0, 1]) {
        const { samples } = yield* processed(twoTones, { channelSelect }, { channels: 1 });
        assert.deepStrictEqual(samples, grid(twoTones.samples.filter((_, i) => i % 2 === channelSelect)));
      }
    }));

  it.effect.each(["s16", "f32"] as const)(
    "is mixed to mono no louder than its source, of %s samples",
    (format) =>
      Effect.gen(function* () {
        const { probe, render } = yield* MediaEngine;
        const { workspace, source } = yield* sourceOf(wav(sine({ amplitude: 0.99 }), format));
        const media = yield* probe(source);
        const encodings = [encodingOf({ format: "wav", channels: 1, bitDepth: "float" })] as const;
        const job = { workspace, source, media, encodings, levels: null, onProgress: () => Effect.void };
        const [{ path }] = (yield* render(job)).files;
        assert.approximately(Math.max(...decode(path)), 0.99, 0.001);
      }),
  );

  it.effect("is faded in and out, over its own length", () =>
    Effect.gen(function* () {
      const { samples } = yield* processed(sine({ seconds: 2, channels: 1 }), {
        trim: { startSeconds: 0, endSeconds: 1 },
        fade: { inSeconds: 0.2, outSeconds: 0.4 },
      }, { channels: 1 });
      const level = (from: number, to: number) => rms(samples.slice(from * 44_100, to * 44_100));
      const full = level(0.3, 0.5);
      assert.approximately(full, 0.5 / Math.SQRT2, 0.001);
      assert.isBelow(level(0, 0.01), full / 20);
      assert.approximately(level(0.09, 0.11), full / 2, full / 20);
      assert.approximately(level(0.79, 0.81), full / 2, full / 20);
      assert.isBelow(level(0.99, 1), full / 20);
    }));

  it.effect("is faded out by its true end, which one decode finds unless an analysis has, whatever its file declares", () =>
    Effect.gen(function* () {
      const { probe, render } = yield* MediaEngine;
      const { workspace, source } = yield* sourceOf(wav(sine({ seconds: 2, channels: 1 }), "s24"));
      const declared = { ...(yield* probe(source)), durationSeconds: 2.15 };
      const job = { workspace, source, media: declared, levels: null, onProgress: () => Effect.void };
      const encodings = [
        encodingOf({ format: "wav", channels: 1, bitDepth: 24, processing: { fade: { outSeconds: 0.4 } } }),
      ] as const;
      const found = yield* withProcesses(render({ ...job, encodings }));
      const [{ path, sha256 }] = found.result.files;
      const samples = decode(path);
      const level = (from: number, to: number) => rms(samples.slice(from * 44_100, to * 44_100));
      assert.approximately(level(1.79, 1.81), level(0.5, 1) / 2, 0.02);
      assert.isBelow(level(1.99, 2), level(0.5, 1) / 20);
      const known = yield* withProcesses(render({ ...job, encodings, decodedSeconds: 2 }));
      assert.strictEqual(known.result.files[0].sha256, sha256);
      const decodes = ({ processes }: typeof found) =>
        processes.filter(({ name }) => name === "ffmpeg extent").length;
      assert.deepStrictEqual([decodes(found), decodes(known)], [1, 0]);
    }));

  it.effect("loses the silence at its ends, to the sample, and fails alone where nothing else is there", () =>
    Effect.gen(function* () {
      // Loud on the left from 0.25 to 1.5 s, soft (−40 dBFS) on the right from 0.5 to 1.75 s, of 2 s.
      const within = (frame: number, from: number, to: number) =>
        frame >= from * 44_100 && frame < to * 44_100;
      const sound: Sound = {
        ...sine(),
        samples: Float32Array.from({ length: 2 * 2 * 44_100 }, (_, i) => {
          const frame = Math.floor(i / 2);
          return i % 2 === 0
            ? (within(frame, 0.25, 1.5) ? -0.5 : 0.0005)
            : within(frame, 0.5, 1.75)
            ? 0.01
            : 0;
        }),
      };
      const ask = (name: string, processing: Processing, channels = 2) =>
        encodingOf({ name, format: "wav", bitDepth: 24, channels, processing });
      const { files, failed } = yield* renderAs(
        sound,
        ask("both", { silenceTrim: {} }),
        ask("loud", { silenceTrim: { thresholdDbfs: -30 } }),
        ask("start", { silenceTrim: { ends: "start", keepSeconds: 0.1 } }),
        ask("end", {
          silenceTrim: { ends: "end", keepSeconds: 9 },
          trim: { startSeconds: 0.1, endSeconds: 1.9 },
        }),
        ask("within", { silenceTrim: {}, trim: { startSeconds: 0.3, endSeconds: 1.6 } }),
        ask("right", { silenceTrim: {}, channelSelect: 1 }, 1),
        ask("faded", { silenceTrim: {}, fade: { outSeconds: 0.2 } }),
        ask("none", { silenceTrim: {}, trim: { startSeconds: 1.8 } }),
        ask("third", { silenceTrim: {}, channelSelect: 2 }, 1),
      );
      const stretches = {
        both: [0.25, 1.75],
        loud: [0.25, 1.5],
        start: [0.15, 2],
        end: [0.1, 1.9],
        within: [0.3, 1.6],
      };
      const pathOf = (wanted: string) =>
        files.find(({ encoding: { name } }) => name === wanted)?.path ?? wanted;
      for (const [name, [from = 0, to = 0]] of Object.entries(stretches)) {
        const expected = grid(sound.samples).slice(
          2 * Math.round(from * 44_100),
          2 * Math.round(to * 44_100),
        );
        assert.deepStrictEqual(decode(pathOf(name)), expected, name);
      }
      const right = decode(pathOf("right"));
      assert.deepStrictEqual([right.length, new Set(right).size], [1.25 * 44_100, 1]);
      const faded = decode(pathOf("faded"));
      assert.strictEqual(faded.length, 2 * 1.5 * 44_100);
      assert.isBelow(rms(faded.slice(-882)), 0.01 / 20);
      const reasons = failed.map(({ encoding: { name }, reason: { code, detail } }) => [name, code, detail]);
      assert.sameDeepMembers(reasons, [
        ["none", "ENCODE_FAILED", "Nothing is left: no sample is above the threshold of silence"],
        ["third", "ENCODE_FAILED", "There is no channel 2: the audio has 2, counted from 0"],
      ]);
    }));

  it.effect("is shifted in pitch, and lasts as long to the sample", () =>
    Effect.gen(function* () {
      const sound = sine({ seconds: 2, channels: 1 });
      const ask = (pitchSemitones: number, speed: number) =>
        encodingOf({
          name: `by${pitchSemitones}at${speed}`,
          ...{ format: "wav", bitDepth: 24, channels: 1 },
          processing: { pitchSemitones, speed },
        });
      const asked = [[12, 1], [-12, 1], [3.5, 1], [12, 0.5], [-12, 2]] as const;
      const [first, ...others] = asked.map(([pitch, speed]) => ask(pitch, speed));
      const { files } = yield* renderAs(sound, first ?? assert.fail(), ...others);
      for (const [index, [pitch, speed]] of asked.entries()) {
        const samples = decode(files[index]?.path ?? "");
        assert.strictEqual(samples.length, sound.samples.length / speed);
        const steady = samples.slice(0.1 * samples.length, 0.9 * samples.length);
        const frequency = 440 * 2 ** (pitch / 12);
        assert.approximately(pitchOf(steady), frequency, frequency / 1_000);
        assert.approximately(20 * Math.log10(rms(steady) / rms(sound.samples)), 0, 0.5);
      }
      assert.lengthOf(files, asked.length);
    }));

  it.effect("is louder or softer by a gain", () =>
    Effect.gen(function* () {
      for (const gainDb of [-6, 3]) {
        const { samples } = yield* processed(twoTones, { gainDb });
        assert.approximately(20 * Math.log10(rms(samples) / rms(twoTones.samples)), gainDb, 0.001);
      }
    }));

  it.effect.each([0.5, 1.5, 2])(
    "plays %d times as fast at the same pitch",
    (speed) =>
      Effect.gen(function* () {
        const sound = sine({ seconds: 4, channels: 1 });
        const { samples, durationSeconds } = yield* processed(sound, { speed }, { channels: 1 });
        assert.approximately(durationSeconds, 4 / speed, 1e-4);
        assert.strictEqual(samples.length, Math.round(sound.samples.length / speed));
        assert.approximately(frequencyOf(samples), 440, 5);
      }),
  );

  it.effect("has less noise", () =>
    Effect.gen(function* () {
      let state = 5;
      const hiss: Sound = {
        ...sine(),
        channels: 1,
        samples: Float32Array.from({ length: 3 * 44_100 }, () => {
          state = Math.imul(state, 1_664_525) + 1_013_904_223 | 0;
          return 0.003 * state / 2 ** 31;
        }),
      };
      const { samples } = yield* processed(hiss, { denoise: { reductionDb: 20, noiseFloorDb: -40 } }, {
        channels: 1,
      });
      assert.strictEqual(samples.length, hiss.samples.length);
      assert.isBelow(rms(samples.slice(44_100)), rms(hiss.samples) / 3);
    }));

  it.effect("is brought to a loudness as it is after all that", () =>
    Effect.gen(function* () {
      const processing = { trim: { startSeconds: 0.2 }, channelSelect: 1, fade: { outSeconds: 1 } };
      const { loudness } = yield* processed(twoTones, processing, {
        channels: 1,
        loudness: { targetLufs: -23 },
      });
      assert.approximately(loudness?.after.integratedLufs ?? NaN, -23, 0.02);
    }));

  it.effect("carries the tags that were asked for, over those of its source", () =>
    Effect.gen(function* () {
      const tags = { title: "A = B; -f tee", mood: "calm <b>" };
      const { files } = yield* renderAs(
        sine(),
        encodingOf({ format: "mp3", bitrateKbps: 64, tags }),
        encodingOf({ format: "flac", tags }),
      );
      for (const { path } of files) {
        const shown = execFileSync("ffprobe", [
          "-v",
          "error",
          "-show_entries",
          "format_tags",
          "-of",
          "json",
          path,
        ], {
          encoding: "utf8",
        });
        const found = Object.entries<string>(JSON.parse(shown).format.tags)
          .map(([name, text]) => [name.toLowerCase(), text]);
        assert.deepInclude(Object.fromEntries(found), tags);
      }
    }));

  it.effect("that asks for what the source has not fails, and says why", () =>
    Effect.gen(function* () {
      const ask = (processing: Processing) =>
        encodingOf({ format: "wav", name: Object.keys(processing)[0] ?? "", processing });
      const late = ask({ trim: { startSeconds: 2 } });
      const { failed } = yield* renderAs(twoTones, ask({ gainDb: 1 }), late, ask({ channelSelect: 2 }));
      assert.deepStrictEqual(failed.map(({ reason: { code, detail } }) => [code, detail]), [
        ["ENCODE_FAILED", "Nothing is left: the audio ends at 2 seconds"],
        ["ENCODE_FAILED", "There is no channel 2: the audio has 2, counted from 0"],
      ]);
      assert.strictEqual((yield* failureOf(renderAs(twoTones, late))).code, "ENCODE_FAILED");
    }));

  it.effect("is the same bytes whenever it is processed the same", () =>
    Effect.gen(function* () {
      const encoding = encodingOf({
        format: "flac",
        processing: { denoise: {}, speed: 1.25, fade: { inSeconds: 0.1 }, gainDb: -1 },
      });
      const [one, two] = [yield* renderAs(twoTones, encoding), yield* renderAs(twoTones, encoding)];
      assert.strictEqual(one.files[0].sha256, two.files[0].sha256);
    }));
});
