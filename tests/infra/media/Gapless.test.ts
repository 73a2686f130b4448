import { assert, layer } from "@effect/vitest";
import { Effect } from "effect";
import { readFileSync } from "node:fs";
import { BitDepth, OutputFormat, traits } from "../../../domain/media/OutputFormat.ts";
import { MediaEngine } from "../../../services/MediaEngine.ts";
import { decode, type Sound, wav } from "../../support/Audio.ts";
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
    for (let i = 8_192; i < 12_288; i++) sum += (original[i] ?? 0) * (copy[i + shift] ?? 0);
    if (sum > best) [best, lag] = [sum, shift];
  }
  return lag;
};

const renderOne = Effect.fnUntraced(function* (sound: Sound, format: OutputFormat) {
  const { probe, render } = yield* MediaEngine;
  const { workspace, source } = yield* sourceOf(wav(sound));
  const media = yield* probe(source);
  const encoding = encodingOf({
    format,
    sampleRate: sound.sampleRate,
    channels: 1,
    bitrateKbps: traits[format].bitrateKbps && 128,
  });
  const { files: [file] } = yield* render({
    workspace,
    source,
    media,
    encodings: [encoding],
    levels: null,
    onProgress: () => Effect.void,
  });
  return file;
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
  it.effect.each(gapless.flatMap((format) => lengths.map((frames) => [format, frames] as const)))(
    "in %s has the %i samples of its source, at the same places",
    ([format, frames]) =>
      Effect.gen(function* () {
        const sound = noise(frames);
        const { path } = yield* renderOne(sound, format);
        const samples = decode(path);
        assert.strictEqual(lagOf(samples, sound.samples), 0);
        if (format === "m4a") {
          // Players stop where the edit ends; this ffmpeg decodes the last block to its end.
          const { played } = editOf(path);
          assert.strictEqual(played, frames);
          assert.isBelow(samples.length - frames, 1_024);
        } else assert.strictEqual(samples.length, frames);
      }),
  );

  it.effect.each(
    [["aac", 48_000, 1_024], ["wma", 48_000, 0], ["wma", 22_050, 0], ["wma", 16_000, 0], [
      "ac3",
      48_000,
      256,
    ]] as const,
  )(
    "in %s at %i Hz, which cannot tell where it begins and ends, begins with %i samples of silence and lacks none",
    ([format, sampleRate, delay]) =>
      Effect.gen(function* () {
        const sound = noise(50_001, sampleRate);
        const { path } = yield* renderOne(sound, format);
        const samples = decode(path);
        assert.strictEqual(lagOf(samples, sound.samples), delay);
        assert.isAtLeast(samples.length, sound.samples.length + delay);
        assert.isBelow(samples.length, sound.samples.length + 6_144);
      }),
  );

  it.effect.each(BitDepth.literals)(
    "in wav holds samples of the size that was asked for: %s",
    (bitDepth) =>
      Effect.gen(function* () {
        const { probe, render } = yield* MediaEngine;
        const { workspace, source } = yield* sourceOf(wav(noise(4_800), "s24"));
        const media = yield* probe(source);
        const { files: [file] } = yield* render({
          ...{ workspace, source, media, levels: null, onProgress: () => Effect.void },
          encodings: [encodingOf({ format: "wav", sampleRate: 48_000, channels: 1, bitDepth })],
        });
        // Dithered, and not cut off: the errors have no bias.
        const loss = bitDepth === 16 ? 2 ** -14 : 0;
        const before = decode(source);
        const errors = decode(file.path).map((sample, i) => sample - (before[i] ?? 0));
        for (const error of errors) assert.isAtMost(Math.abs(error), loss);
        assert.isAtMost(Math.abs(errors.reduce((sum, error) => sum + error, 0) / errors.length), loss / 50);
        const header = readFileSync(file.path);
        const format = header.indexOf("fmt ") + 8;
        assert.strictEqual(header.readUInt16LE(format + 14), bitDepth === "float" ? 32 : bitDepth);
      }),
  );
});
