import { assert, layer } from "@effect/vitest";
import { Array, Effect } from "effect";
import { readFileSync } from "node:fs";
import { BitDepth, OutputFormat, traits } from "../../../domain/media/OutputFormat.ts";
import { MediaEngine } from "../../../services/MediaEngine.ts";
import { decode, encode, type Sound, wav } from "../../support/Audio.ts";
import { encodingOf, engine, sourceOf } from "./MediaFixture.ts";

/** Noise, the same at every run: the one position at which it fits itself can be found. */
const noise = (frames: number, sampleRate = 48_000): Sound => {
  let state = 7;
  return {
    sampleRate,
    channels: 1,
    samples: Float32Array.from({ length: frames }, () => {
      state = Math.imul(state, 1_664_525) + 1_013_904_223 | 0;
      return state / 2 ** 33;
    }),
  };
};

/** By how many samples `copy` lags behind `original`, at most 4,096; negative where it lacks the beginning. */
const lagOf = (copy: Float32Array, original: Float32Array): number => {
  let best = -Infinity, lag = 0;
  for (let shift = -4_096; shift <= 4_096; shift++) {
    let sum = 0;
    for (let i = 8_192; i < 10_240; i++) sum += (original[i] ?? 0) * (copy[i + shift] ?? 0);
    if (sum > best) [best, lag] = [sum, shift];
  }
  return lag;
};

const renderTo = Effect.fnUntraced(function* (
  sound: Sound,
  formats: readonly [OutputFormat, ...ReadonlyArray<OutputFormat>],
) {
  const { probe, render } = yield* MediaEngine;
  const { workspace, source } = yield* sourceOf(wav(sound));
  const media = yield* probe(source);
  const encodings = Array.map(formats, (format) =>
    encodingOf({
      format,
      sampleRate: sound.sampleRate,
      channels: 1,
      bitrateKbps: traits[format].bitrateKbps && 128,
    }));
  const job = { workspace, source, media, encodings, levels: null, onProgress: () => Effect.void };
  const { files } = yield* render(job);
  assert.lengthOf(files, formats.length);
  return files;
});

/** The times of an MP4 file's edit list, in units of the film: what is skipped, and what is played. */
const editOf = (path: string) => {
  const file = readFileSync(path);
  const at = file.indexOf("elst");
  assert.strictEqual(file.readUInt32BE(at + 8), 1, "one edit");
  return { played: file.readUInt32BE(at + 12), skipped: file.readUInt32BE(at + 16) };
};

const gapless = OutputFormat.literals.filter((format) => traits[format].isGapless);

/** With 49,564 samples LAME adds more than a frame of silence at the end. */
const lengths = [48_000, 49_564, 50_001, 63_999];

layer(engine, { excludeTestServices: true })("an output", (it) => {
  it.effect.each(lengths)(
    "in a format without gaps has the %i samples of its source, at the same places",
    (frames) =>
      Effect.gen(function* () {
        const sound = noise(frames);
        if (!Array.isArrayNonEmpty(gapless)) return assert.fail();
        for (const { path, durationSeconds, encoding: { format } } of yield* renderTo(sound, gapless)) {
          const samples = decode(path);
          assert.closeTo(durationSeconds, frames / 48_000, 1e-6, format);
          assert.strictEqual(lagOf(samples, sound.samples), 0, format);
          if (format === "m4a") {
            // Players stop where the edit ends; this ffmpeg decodes the last block to its end.
            const { played } = editOf(path);
            assert.strictEqual(played, frames);
            assert.isBelow(samples.length - frames, 1_024);
          } else assert.strictEqual(samples.length, frames, format);
        }
      }),
  );

  it.effect.each(
    [
      [48_000, { aac: 1_024, wma: 0, ac3: 256 }, ["aac", "wma", "ac3"]],
      [22_050, { wma: 0 }, ["wma"]],
      [16_000, { wma: 0 }, ["wma"]],
    ] as const,
  )(
    "at %i Hz in a format that cannot tell where it begins and ends, begins with silence (%o) and lacks none",
    ([sampleRate, delays, formats]) =>
      Effect.gen(function* () {
        const sound = noise(50_001, sampleRate);
        for (const { path, encoding: { format } } of yield* renderTo(sound, formats)) {
          const samples = decode(path), delay = new Map(Object.entries(delays)).get(format) ?? NaN;
          assert.strictEqual(lagOf(samples, sound.samples), delay, format);
          assert.isAtLeast(samples.length, sound.samples.length + delay);
          assert.isBelow(samples.length, sound.samples.length + 6_144);
        }
      }),
  );

  it.effect("has the samples of a source whose timestamps are rounded to milliseconds", () =>
    Effect.gen(function* () {
      const { probe, render } = yield* MediaEngine;
      const { workspace, source } = yield* sourceOf((path) =>
        encode(path, noise(50_001, 44_100), "-f", "asf")
      );
      const media = yield* probe(source);
      const encodings = Array.map(["ogg", "alac"] as const, (format) => encodingOf({ format, channels: 1 }));
      const job = { workspace, source, media, encodings, levels: null, onProgress: () => Effect.void };
      const { files } = yield* render(job);
      const { length } = decode(source);
      for (const { path, durationSeconds, encoding: { format } } of files) {
        assert.strictEqual(decode(path).length, length, format);
        assert.closeTo(durationSeconds, length / 44_100, 1e-6, format);
      }
      assert.lengthOf(files, 2);
    }));

  it.effect("in wav holds samples of the size that was asked for", () =>
    Effect.gen(function* () {
      const { probe, render } = yield* MediaEngine;
      const { workspace, source } = yield* sourceOf(wav(noise(4_800), "s24"));
      const media = yield* probe(source);
      const encodings = Array.map(
        BitDepth.literals,
        (bitDepth) =>
          encodingOf({ name: `${bitDepth}`, format: "wav", sampleRate: 48_000, channels: 1, bitDepth }),
      );
      const job = { workspace, source, media, encodings, levels: null, onProgress: () => Effect.void };
      const { files } = yield* render(job);
      const before = decode(source);
      for (const { path, encoding: { bitDepth } } of files) {
        // Dithered, and not cut off: the errors have no bias.
        const loss = bitDepth === 16 ? 2 ** -14 : 0;
        const errors = decode(path).map((sample, i) => sample - (before[i] ?? 0));
        for (const error of errors) assert.isAtMost(Math.abs(error), loss);
        assert.isAtMost(Math.abs(errors.reduce((sum, error) => sum + error, 0) / errors.length), loss / 50);
        const header = readFileSync(path);
        const format = header.indexOf("fmt ") + 8;
        assert.strictEqual(header.readUInt16LE(format + 14), bitDepth === "float" ? 32 : bitDepth);
      }
      assert.lengthOf(files, BitDepth.literals.length);
    }));
});
