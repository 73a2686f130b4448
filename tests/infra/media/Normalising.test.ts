import { assert, layer } from "@effect/vitest";
import { Effect } from "effect";
import { readdirSync, readFileSync } from "node:fs";
import { UploadId } from "../../../domain/Id.ts";
import type { Levels, LoudnessTarget } from "../../../domain/media/Loudness.ts";
import type { Encoding } from "../../../domain/media/OutputSpec.ts";
import { make, signalMeters } from "../../../domain/signal/SignalAnalyser.ts";
import { render } from "../../../infra/media/Render.ts";
import { levelsOf as levelsOfMeasure } from "../../../infra/media/SoundFiles.ts";
import { MediaEngine } from "../../../services/MediaEngine.ts";
import { decode, silence, sine, type Sound, wav } from "../../support/Audio.ts";
import {
  assertProgress,
  encodingOf,
  engine,
  factsOf,
  failureOf,
  recorder,
  sourceOf,
  withProcesses,
} from "./MediaFixture.ts";

/** Noise that swells and fades twice a second, the same at every run; its peaks lie 20 dB above its loudness. */
const swelling = ({ seconds = 3, channels = 2, amplitude = 0.2, clicks = false } = {}): Sound => {
  let state = 3;
  const samples = Float32Array.from({ length: seconds * 44_100 * channels }, (_, i) => {
    state = Math.imul(state, 1_664_525) + 1_013_904_223 | 0;
    const time = Math.floor(i / channels) / 44_100;
    const swell = 0.6 + 0.4 * Math.sin(4 * Math.PI * time);
    const click = clicks && time % 0.5 < 0.002 ? 4 : 1;
    return Math.max(-1, Math.min(1, amplitude * click * swell * state / 2 ** 31));
  });
  return { sampleRate: 44_100, channels, samples };
};

/** What the service's own meter says about a file, decoded by ffmpeg. */
const levelsOf = (path: string, { sampleRate, channels }: Pick<Sound, "sampleRate" | "channels">): Levels => {
  const analyser = make({ sampleRate, channels }, { loudness: signalMeters.loudness });
  analyser.push(decode(path));
  const { integratedLufs, truePeakDbtp } = analyser.finish().loudness ?? assert.fail();
  return { integratedLufs, truePeakDbtp };
};

const renderTo = Effect.fnUntraced(function* (
  sound: Sound,
  encodings: readonly [Encoding, ...ReadonlyArray<Encoding>],
  levels: Levels | null = null,
  { shares, onProgress } = recorder(),
) {
  const { probe, render } = yield* MediaEngine;
  const { workspace, source } = yield* sourceOf(wav(sound, "s24"));
  const media = yield* probe(source);
  const { files } = yield* render({ workspace, source, media, encodings, levels, onProgress });
  assertProgress(shares);
  return files;
});

const to = (loudness: LoudnessTarget, encoding: Partial<Encoding> = {}): Encoding =>
  encodingOf({ format: "flac", loudness, ...encoding });

layer(engine, { excludeTestServices: true })("an output of a loudness", (it) => {
  it.effect("is brought to its target, as its file says when measured", () =>
    Effect.gen(function* () {
      const sound = swelling({ amplitude: 0.05 });
      const targets = [-30, -16.5];
      const files = yield* renderTo(sound, [
        to({ targetLufs: -30 }, { name: "soft" }),
        to({ targetLufs: -16.5 }, { name: "loud" }),
      ]);
      for (const [index, { path, loudness }] of files.entries()) {
        const targetLufs = targets[index] ?? NaN;
        const after = levelsOf(path, sound);
        assert.approximately(after.integratedLufs ?? NaN, targetLufs, 0.02);
        assert.deepStrictEqual([loudness?.mode, loudness?.limitedBy, loudness?.skipped], [
          "gain",
          null,
          null,
        ]);
        assert.approximately(loudness?.after.integratedLufs ?? NaN, after.integratedLufs ?? NaN, 0.001);
        assert.approximately(loudness?.after.truePeakDbtp ?? NaN, after.truePeakDbtp ?? NaN, 0.001);
        const { before, gainDb = NaN } = loudness ?? {};
        assert.approximately((before?.integratedLufs ?? NaN) + gainDb, targetLufs, 1e-9);
        assert.strictEqual(decode(path).length, sound.samples.length);
      }
      assert.lengthOf(files, targets.length);
    }));

  it.effect("is brought there as it will sound: mixed to mono, and at another rate", () =>
    Effect.gen(function* () {
      const sound = swelling({ amplitude: 0.05 });
      // Two channels of noise that have nothing in common lose 3 dB when they are mixed.
      const mixed = { name: "mp3", format: "mp3", bitrateKbps: 192, channels: 1 } as const;
      const chapters = [{ startSeconds: 0, title: "A chapter" }];
      const files = yield* renderTo(sound, [
        to({ targetLufs: -24 }, { name: "mono", channels: 1 }),
        to({ targetLufs: -24 }, { name: "low", sampleRate: 22_050 }),
        to({ targetLufs: -20 }, { ...mixed, chapters }),
      ]);
      const [mono, low, mp3] = files;
      assert.approximately(
        levelsOf(mono.path, { sampleRate: 44_100, channels: 1 }).integratedLufs ?? NaN,
        -24,
        0.02,
      );
      assert.approximately(
        levelsOf(low?.path ?? "", { sampleRate: 22_050, channels: 2 }).integratedLufs ?? NaN,
        -24,
        0.02,
      );
      // Lossy codecs drop what is hard to hear, and LAME turns down: another round makes up for it.
      const after = levelsOf(mp3?.path ?? "", { sampleRate: 44_100, channels: 1 });
      assert.approximately(after.integratedLufs ?? NaN, -20, 0.02);
      const { before, gainDb = NaN } = mp3?.loudness ?? {};
      assert.isAbove((before?.integratedLufs ?? NaN) + gainDb, -19.9);
      assert.approximately(mp3?.loudness?.after.integratedLufs ?? NaN, after.integratedLufs ?? NaN, 0.001);
      assert.isTrue(readFileSync(mp3?.path ?? "").includes("A chapter"));
    }));

  it.effect("is as loud as the ceiling lets it be, and says so", () =>
    Effect.gen(function* () {
      const sound = swelling();
      const [{ path, loudness }] = yield* renderTo(sound, [to({ targetLufs: -6, ceilingDbtp: -2 })]);
      const after = levelsOf(path, sound);
      assert.approximately(after.truePeakDbtp ?? NaN, -2, 0.02);
      assert.strictEqual(loudness?.limitedBy, "truePeak");
      assert.isBelow(after.integratedLufs ?? NaN, -7);
    }));

  it.effect("reaches its target with a limiter, and no peak exceeds the ceiling; progress moves all the while", () =>
    Effect.gen(function* () {
      const sound = swelling({ clicks: true });
      const progress = recorder();
      const files = yield* renderTo(
        sound,
        [
          to({ targetLufs: -14, mode: "limit" }, { name: "soft" }),
          to({ targetLufs: -10, mode: "limit" }, { name: "loud" }),
        ],
        null,
        progress,
      );
      const steps = progress.shares.map((share, index) => share - (progress.shares[index - 1] ?? 0));
      assert.isAtMost(Math.max(...steps), 0.35);
      for (const [index, { path, loudness }] of files.entries()) {
        const after = levelsOf(path, sound);
        assert.isAtMost(after.truePeakDbtp ?? NaN, -1);
        assert.approximately(after.integratedLufs ?? NaN, [-14, -10][index] ?? NaN, 0.1);
        assert.deepStrictEqual([loudness?.mode, loudness?.limitedBy], ["limit", "truePeak"]);
        assert.strictEqual(decode(path).length, sound.samples.length);
      }
      assert.lengthOf(files, 2);
    }));

  it.effect.each(["gain", "limit"] as const)(
    "keeps below the ceiling what a codec puts beyond it, by a %s",
    (mode) =>
      Effect.gen(function* () {
        const sound = swelling({ clicks: true });
        const target = { targetLufs: -12, mode };
        const files = yield* renderTo(sound, [
          to(target, { format: "opus", name: "opus", bitrateKbps: 32, sampleRate: 48_000 }),
          to(target, { format: "m4a", name: "m4a", bitrateKbps: 64 }),
          to(target, { format: "mp3", name: "mp3", bitrateKbps: 64 }),
        ]);
        assert.lengthOf(files, 3);
        for (const { loudness } of files) {
          assert.isAtMost(loudness?.after.truePeakDbtp ?? NaN, -0.9);
          assert.strictEqual(loudness?.limitedBy, "truePeak");
          if (mode === "limit") assert.approximately(loudness?.after.integratedLufs ?? NaN, -12, 0.2);
        }
      }),
  );

  it.effect("fails alone where there is no room to prepare it, and what was prepared is removed", () =>
    Effect.gen(function* () {
      const { workspace, source } = yield* sourceOf(wav(swelling()));
      const { files, failed } = yield* render({
        ...{ workspace, source, media: factsOf({ durationSeconds: 3 }), levels: null },
        encodings: [
          to({ targetLufs: -24 }, { name: "mono", channels: 1 }),
          to({ targetLufs: -24 }, { name: "low", sampleRate: 22_050 }),
          encodingOf({ format: "flac" }),
        ],
        onProgress: () => Effect.void,
        // Either of the first two takes half a megabyte before it is encoded.
      }, { maxSeconds: 60, maxBytes: 800_000 });
      assert.deepStrictEqual(files.map(({ encoding }) => encoding.name), ["mono", "flac"]);
      assert.deepStrictEqual(failed.map(({ encoding, reason }) => [encoding.name, reason.code]), [
        ["low", "OUTPUT_LIMIT"],
      ]);
      assert.deepStrictEqual(readdirSync(workspace).filter((name) => name.startsWith("_")), []);
    }));

  it.effect("shares a limiter with those of the same target, and fails alone where there is no room for another", () =>
    Effect.gen(function* () {
      const { workspace, source } = yield* sourceOf(wav(swelling({ seconds: 1, clicks: true })));
      const target = { targetLufs: -10, mode: "limit" } as const;
      const { result: { files, failed }, processes } = yield* withProcesses(render({
        ...{ workspace, source, media: factsOf(), levels: null },
        encodings: [
          to(target, { name: "flac" }),
          to({ ...target, toleranceLu: 0.5 }, { name: "wav", format: "wav" }),
          to({ ...target, targetLufs: -8 }, { name: "other" }),
        ],
        onProgress: () => Effect.void,
        // A sound takes a third of a megabyte.
      }, { maxSeconds: 60, maxBytes: 540_000 }));
      const [flac, other] = files;
      assert.strictEqual(other?.loudness?.gainDb, flac.loudness?.gainDb);
      const limited = processes.filter(({ name }) => name === "ffmpeg prepare").length;
      assert.isAtLeast(limited, 1);
      assert.isAtMost(limited, 3);
      assert.deepStrictEqual(failed.map(({ encoding, reason }) => [encoding.name, reason.code]), [
        ["other", "OUTPUT_LIMIT"],
      ]);
      assert.deepStrictEqual(readdirSync(workspace).filter((name) => name.startsWith("_")), []);
    }));

  it.effect("of an album gets the gain of its album, and nothing is measured before", () =>
    Effect.gen(function* () {
      const sound = swelling({ seconds: 1, amplitude: 0.05 });
      const { workspace, source } = yield* sourceOf(wav(sound, "s24"));
      const album = [UploadId.make(`upl_${"1".repeat(26)}`)];
      const albumLevels = { integratedLufs: -26, truePeakDbtp: -13 };
      const { result: { files: [{ path, loudness }] }, processes } = yield* withProcesses(render({
        ...{ workspace, source, media: factsOf(), levels: null, albumLevels },
        encodings: [to({ targetLufs: -16, album }, { bitDepth: 24 })],
        onProgress: () => Effect.void,
      }, { maxSeconds: 60, maxBytes: 1e7 }));
      assert.deepInclude(loudness, { scope: "album", before: albumLevels, gainDb: 10, limitedBy: null });
      const own = levelsOf(source, sound), after = levelsOf(path, sound);
      assert.approximately((after.integratedLufs ?? NaN) - (own.integratedLufs ?? NaN), 10, 0.001);
      assert.approximately(loudness?.after.integratedLufs ?? NaN, after.integratedLufs ?? NaN, 0.001);
      assert.deepStrictEqual(
        processes.map(({ name }) => name).filter((name) => name === "ffmpeg measure").length,
        1,
      );
    }));

  it.effect("fails where the loudness could not be measured, and is not taken for silence", () =>
    Effect.gen(function* () {
      const nothing = { integratedLufs: null, truePeakDbtp: null };
      const loudness = {
        ...{ ...nothing, rangeLu: null, samplePeakDbfs: null, threshold: null },
        ...{ maxMomentaryLufs: null, maxShortTermLufs: null },
      };
      const failure = yield* failureOf(
        levelsOfMeasure({ loudness, errors: { loudness: "It could not be measured" } }),
      );
      assert.strictEqual(failure.code, "ENCODE_FAILED");
      assert.deepStrictEqual(yield* levelsOfMeasure({ loudness, errors: {} }), nothing);
    }));

  it.effect("fails alone where its sound cannot be measured", () =>
    Effect.gen(function* () {
      const { render } = yield* MediaEngine;
      const sound = sine();
      sound.samples[10_000] = 1e37;
      const { workspace, source } = yield* sourceOf(wav(sound, "f32"));
      const { files, failed } = yield* render({
        ...{ workspace, source, media: factsOf(), levels: null },
        encodings: [
          to({ targetLufs: -24 }, { name: "infinite", processing: { gainDb: 40 } }),
          encodingOf({ format: "flac" }),
        ],
        onProgress: () => Effect.void,
      });
      assert.deepStrictEqual(files.map(({ encoding }) => encoding.name), ["flac"]);
      assert.deepStrictEqual(failed.map(({ encoding, reason }) => [encoding.name, reason.code]), [
        ["infinite", "INVALID_SAMPLES"],
      ]);
    }));

  it.effect("is not measured before where its loudness is known already, and is the same bytes", () =>
    Effect.gen(function* () {
      const sound = swelling();
      const outputs = [to({ targetLufs: -23 })] as const;
      const first = yield* withProcesses(renderTo(sound, outputs));
      const known = first.result[0].loudness?.before ?? null;
      const second = yield* withProcesses(renderTo(sound, outputs, known));
      const measures = ({ processes }: typeof first) =>
        processes.filter(({ name }) => name === "ffmpeg measure").length;
      assert.deepStrictEqual([measures(first), measures(second)], [2, 1]);
      assert.strictEqual(second.result[0].sha256, first.result[0].sha256);
    }));

  it.effect("is left alone where it is silent, too short, or near enough", () =>
    Effect.gen(function* () {
      const [silent] = yield* renderTo(silence(), [to({ targetLufs: -16 })]);
      assert.deepStrictEqual(silent.loudness, {
        mode: "gain",
        scope: "output",
        before: { integratedLufs: null, truePeakDbtp: null },
        after: { integratedLufs: null, truePeakDbtp: null },
        gainDb: 0,
        limitedBy: null,
        skipped: "silent",
      });
      const short = { ...swelling(), samples: swelling().samples.slice(0, 20_000) };
      assert.strictEqual(
        (yield* renderTo(short, [to({ targetLufs: -16 })]))[0].loudness?.skipped,
        "tooLittle",
      );
      const sound = swelling();
      const [near] = yield* renderTo(sound, [to({ targetLufs: -16, toleranceLu: 10 }, { bitDepth: 24 })]);
      assert.deepStrictEqual([near.loudness?.gainDb, near.loudness?.skipped], [0, "withinTolerance"]);
    }));
});
