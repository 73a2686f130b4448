import { assert, layer } from "@effect/vitest";
import { Effect } from "effect";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Levels } from "../../../domain/media/Loudness.ts";
import type { Encoding } from "../../../domain/media/OutputSpec.ts";
import { filesOf } from "../../../domain/media/Streaming.ts";
import { make, signalMeters } from "../../../domain/signal/SignalAnalyser.ts";
import { render } from "../../../infra/media/Render.ts";
import { segment } from "../../../infra/media/Segmenting.ts";
import { MediaEngine, type RenderedFile } from "../../../services/MediaEngine.ts";
import { encode, ffmpeg, sine, type Sound, wav } from "../../support/Audio.ts";
import {
  assertProgress,
  encodingOf,
  engine,
  failureOf,
  recorder,
  sourceOf,
  withProcesses,
} from "./MediaFixture.ts";

const renderAll = Effect.fnUntraced(function* (
  sound: Sound,
  encodings: readonly [Encoding, ...ReadonlyArray<Encoding>],
  { maxBytes = 1e9, levels = null }: { maxBytes?: number; levels?: Levels | null } = {},
) {
  const { probe } = yield* MediaEngine;
  const { workspace, source } = yield* sourceOf(wav(sound));
  const media = yield* probe(source);
  const { shares, onProgress } = recorder();
  const job = { workspace, source, media, encodings, levels, onProgress };
  const { files, failed } = yield* render(job, { maxSeconds: 600, maxBytes });
  assertProgress(shares);
  return { files, failed };
});

/** The first channel of each variant, as ffmpeg decodes it by the playlist or manifest. */
const decodeVariants = ({ path, encoding: { bitratesKbps } }: RenderedFile): ReadonlyArray<Float32Array> => {
  const variants = (bitratesKbps ?? []).map((_, index) => `${path}.${index}.pcm`);
  const outputs = variants.flatMap((to, index) => [
    ...["-map", `0:a:${index}`, "-af", "pan=mono|c0=c0", "-f", "f32le", to],
  ]);
  ffmpeg("-i", path, ...outputs);
  return variants.map((variant) => new Float32Array(new Uint8Array(readFileSync(variant)).buffer));
};

/** The amplitude of 440 Hz in one second, and the greatest that anything could have that takes as much power. */
const toneIn = (samples: Float32Array, from: number, sampleRate: number) => {
  let re = 0, im = 0, power = 0;
  for (let i = 0; i < sampleRate; i++) {
    const sample = samples[from + i] ?? NaN;
    re += sample * Math.cos(2 * Math.PI * 440 * i / sampleRate);
    im += sample * Math.sin(2 * Math.PI * 440 * i / sampleRate);
    power += sample ** 2;
  }
  return { tone: 2 * Math.hypot(re, im) / sampleRate, all: Math.sqrt(2 * power / sampleRate) };
};

/** The loudness of one channel at 44.1 kHz. */
const loudnessOf = (samples: Float32Array): number => {
  const analyser = make({ sampleRate: 44_100, channels: 1 }, { loudness: signalMeters.loudness });
  analyser.push(samples);
  return analyser.finish().loudness?.integratedLufs ?? NaN;
};

/** The bytes of all files of an output, by their names, its own last. */
const bytesOf = ({ path, encoding: { name, format }, streaming }: RenderedFile) => {
  const below = join(dirname(path), name);
  const names = streaming ? filesOf(format, streaming) : assert.fail("no files");
  assert.sameMembers(readdirSync(below), [...names]);
  return new Map([
    ...names.map((file) => [file, readFileSync(join(below, file))] as const),
    ["", readFileSync(path)] as const,
  ]);
};

layer(engine, { excludeTestServices: true })("an output for adaptive streaming", (it) => {
  const hls = encodingOf({ format: "hls", bitratesKbps: [48, 96, 192], loudness: { targetLufs: -20 } });
  const dash = encodingOf({
    ...{ name: "source", format: "dash", bitratesKbps: [64, 128], sampleRate: 48_000 },
    processing: { trim: { startSeconds: 0.5, endSeconds: 12.9 } },
  });

  it.effect("is made with others from one decode: each variant plays all of the sound", () =>
    Effect.gen(function* () {
      const encodings = [hls, encodingOf({ format: "mp3", bitrateKbps: 128 }), dash] as const;
      // Two channels with the same sound are twice as loud as one.
      const integratedLufs = 10 * Math.log10(2) + loudnessOf(sine({ channels: 1 }).samples);
      const levels = { integratedLufs, truePeakDbtp: -6 };
      const { result, processes } = yield* withProcesses(
        renderAll(sine({ seconds: 13 }), encodings, { levels }),
      );
      const [renders, ...others] = processes.filter(({ name }) => name === "ffmpeg render");
      const args = renders?.attributes.get("process.command_args");
      assert.lengthOf(Array.isArray(args) ? args.filter((arg) => arg === "-i") : [], 1);
      assert.lengthOf(others, 0);
      const [first, mp3, second] = result.files;
      if (!mp3 || !second) return assert.fail();
      assert.notProperty(mp3, "streaming");

      const levelled = 0.5 * 10 ** ((-20 - integratedLufs) / 20);
      for (
        const [file, seconds, amplitude] of [[first, 13, levelled], [second, 12.4, 0.5]] as const
      ) {
        const { encoding: { sampleRate, name }, durationSeconds, streaming } = file;
        const bitratesKbps = file.encoding.bitratesKbps ?? assert.fail();
        assert.deepStrictEqual(streaming, { bitratesKbps, segments: 3 });
        assert.strictEqual(durationSeconds, seconds);
        const variants = decodeVariants(file);
        assert.lengthOf(variants, bitratesKbps.length);
        for (const samples of variants) {
          // ffmpeg decodes the encoder's delay, which players skip, and the last frame to its end.
          assert.isAtLeast(samples.length, seconds * sampleRate + 1_024, name);
          assert.isBelow(samples.length, seconds * sampleRate + 2 * 1_024, name);
          // From the beginning, over the end of the first segment, and up to the end.
          for (const from of [0.05, 5.5, seconds - 1.05]) {
            const { tone, all } = toneIn(samples, Math.round(from * sampleRate) + 1_024, sampleRate);
            assert.approximately(tone, amplitude, 0.02 * amplitude, `${name} at ${from} s`);
            assert.approximately(all, tone, 0.005 * tone);
          }
        }
      }
      const best = 10 * Math.log10(2) + loudnessOf(decodeVariants(first).at(-1) ?? assert.fail());
      assert.approximately(first.loudness?.after.integratedLufs ?? NaN, best, 0.001);

      const files = bytesOf(first);
      const all = Buffer.concat([...files.values()]);
      assert.strictEqual(all.length, first.sizeBytes);
      assert.strictEqual(createHash("sha256").update(all).digest("hex"), first.sha256);
      const media = files.get("96k.m3u8")?.toString() ?? "";
      const lengths = [...media.matchAll(/^#EXTINF:([\d.]+),\n96k-\d\.m4s$/gm)].map(([, x]) => Number(x));
      assert.deepStrictEqual(lengths.map(Math.round), [6, 6, 1]);
      assert.approximately(lengths.reduce((sum, length) => sum + length, 0), 13, 1e-5);
      const rates = [...String(files.get("")).matchAll(/BANDWIDTH=(\d+),AVERAGE-BANDWIDTH=(\d+)/g)];
      for (const [index, [, peak, mean]] of rates.entries()) {
        const kbps = hls.bitratesKbps?.[index] ?? NaN;
        assert.approximately(Number(mean) / 1e3, kbps, kbps / 10);
        const bytes = files.get(`${kbps}k-2.m4s`)?.length ?? NaN;
        assert.isAtLeast(Number(peak), Math.floor(8 * bytes / (lengths[1] ?? NaN)));
        assert.isAtLeast(Number(peak), Number(mean));
      }
      assert.lengthOf(rates, 3);

      const again = yield* renderAll(sine({ seconds: 13 }), [hls, dash], { levels });
      assert.deepStrictEqual(again.files.map(({ sha256 }) => sha256), [first.sha256, second.sha256]);
    }));

  it.effect("carries the tags in what each variant begins with", () =>
    Effect.gen(function* () {
      const { files } = yield* renderAll(sine(), [
        encodingOf({ format: "hls", bitratesKbps: [64, 96], tags: { title: "A = [B]; -f tee" } }),
      ]);
      const bytes = bytesOf(files[0]);
      for (const head of ["64k.mp4", "96k.mp4"]) {
        assert.include(bytes.get(head)?.toString(), "A = [B]; -f tee");
      }
    }));

  it.effect("plays a single sample", () =>
    Effect.gen(function* () {
      const sample = { sampleRate: 44_100, channels: 2, samples: new Float32Array(2) };
      const { files: [file] } = yield* renderAll(sample, [
        encodingOf({ format: "dash", bitratesKbps: [64] }),
      ]);
      assert.strictEqual(file.durationSeconds, 1 / 44_100);
      assert.deepStrictEqual(file.streaming, { bitratesKbps: [64], segments: 1 });
    }));

  it.effect("has no segment for a short rest, which players would wait for: it goes with the one before", () =>
    Effect.gen(function* () {
      const segments = [], first = 258 * 1_024;
      for (const rest of [100, 2_100]) {
        const samples = new Float32Array(first + rest);
        const { files: [file] } = yield* renderAll({ sampleRate: 44_100, channels: 1, samples }, [
          encodingOf({ format: "hls", bitratesKbps: [64], channels: 1 }),
        ]);
        assert.strictEqual(file.durationSeconds, (first + rest) / 44_100);
        segments.push(file.streaming?.segments);
      }
      assert.deepStrictEqual(segments, [1, 2]);
    }));

  it.effect("is refused where its variants do not hold the same, or not what went into them", () =>
    Effect.gen(function* () {
      const { workspace } = yield* sourceOf("");
      const written = (bitrateKbps: number, seconds: number) => {
        const path = join(workspace, `${bitrateKbps}.mp4`);
        encode(path, sine({ seconds }), "-movflags", "+cmaf+delay_moov+skip_trailer");
        return { bitrateKbps, path };
      };
      const [whole, other] = [written(64, 1), written(96, 1.5)];
      const encoding = encodingOf({ format: "dash", bitratesKbps: [64, 96] });
      const segmented = (
        variants: readonly [typeof whole, ...ReadonlyArray<typeof whole>],
        samples: number,
      ) => segment({ encoding, variants, samples }, workspace, 1, { maxSeconds: 600, maxBytes: 1e9 });
      const { durationSeconds } = yield* segmented([whole], 44_100);
      assert.strictEqual(durationSeconds, 1);
      for (const refused of [segmented([whole], 46_149), segmented([whole, other], 44_100)]) {
        const { code, detail } = yield* failureOf(refused);
        assert.deepStrictEqual([code, detail], [
          "ENCODE_FAILED",
          "The variants do not hold what went into them",
        ]);
      }
    }));

  it.effect("fails alone where its files are too large together", () =>
    Effect.gen(function* () {
      const variants = encodingOf({ format: "hls", bitratesKbps: [64, 96] });
      const mp3 = encodingOf({ format: "mp3", bitrateKbps: 64 });
      const { files, failed } = yield* renderAll(sine({ seconds: 3 }), [variants, mp3], { maxBytes: 50_000 });
      assert.deepStrictEqual(files.map(({ encoding }) => encoding.name), ["mp3"]);
      assert.deepStrictEqual(failed.map(({ reason }) => reason.code), ["OUTPUT_LIMIT"]);
    }));
});
