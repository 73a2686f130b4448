import { assert, layer } from "@effect/vitest";
import { Deferred, Effect, Fiber, Result, Schema, type Tracer } from "effect";
import { mkdirSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { AnalysisCurves } from "../../../domain/analysis/AnalysisCurves.ts";
import { eachPart } from "../../../domain/analysis/AnalysisPart.ts";
import { decodeSpectrogram, levelOf } from "../../../domain/signal/Spectrogram.ts";
import { decodeDat } from "../../../domain/signal/WaveformFormat.ts";
import { decodeRms } from "../../../domain/signal/WaveformRms.ts";
import { readHeader } from "../../../infra/media/Header.ts";
import { measure as measureWithin } from "../../../infra/media/Measure.ts";
import { laneWorkers } from "../../../infra/media/MeasureLanes.ts";
import { type Measurement, MediaEngine } from "../../../services/MediaEngine.ts";
import { encode, ffmpeg, music, silence, silentFlac, sine, type Sound, wav } from "../../support/Audio.ts";
import { ffmpegWithoutSecondPipe } from "../../support/StandInFfmpeg.ts";
import {
  assertProgress,
  engine,
  factsOf,
  failureOf,
  isAlive,
  recorder,
  sourceOf,
  withProcesses,
} from "./MediaFixture.ts";

/** Probes and measures a source. */
const measure = Effect.fnUntraced(function* (content: Parameters<typeof sourceOf>[0]) {
  const { probe, measure } = yield* MediaEngine;
  const { workspace, source } = yield* sourceOf(content);
  const { shares, onProgress } = recorder();
  const media = yield* probe(source);
  const measurement = yield* measure({ workspace, source, media, onProgress });
  return { measurement, shares };
});

/** Measures a source without probing it first. */
const measureUnprobed = Effect.fnUntraced(function* (content: Parameters<typeof sourceOf>[0], channels = 2) {
  const { workspace, source } = yield* sourceOf(content);
  const job = { workspace, source, media: factsOf({ channels }), onProgress: () => Effect.void };
  return yield* (yield* MediaEngine).measure(job);
});

const peaksOf = ({ waveform }: Measurement) =>
  Result.getOrThrow(decodeDat(readFileSync(waveform?.path ?? assert.fail("There is no waveform"))));

const signalOf = ({ signal }: Measurement) => signal ?? assert.fail("There are no facts of the signal");

const curvesIn = ({ curves }: Measurement) => Schema.decodeUnknownSync(AnalysisCurves)(curves);

layer(engine, { excludeTestServices: true })("measuring", (it) => {
  it.effect("measures a sine of known level in one decode", () =>
    Effect.gen(function* () {
      // BS.1770: a full-scale sine of 997 Hz in one channel has −3.01 LUFS; in two, 0.
      const tone = wav(sine({ frequency: 997, seconds: 20, sampleRate: 48_000, amplitude: 0.1 }), "s24");
      const { result: { measurement, shares }, processes } = yield* withProcesses(measure(tone));
      const { loudness } = measurement;
      const signal = signalOf(measurement);
      assert.approximately(loudness.integratedLufs ?? NaN, -20, 0.02);
      assert.approximately(loudness.truePeakDbtp ?? NaN, -20, 0.02);
      assert.approximately(loudness.samplePeakDbfs ?? NaN, -20, 0.02);
      assert.approximately(loudness.maxMomentaryLufs ?? NaN, -20, 0.02);
      assert.approximately(loudness.threshold ?? NaN, -30, 0.02);
      assert.approximately(signal.rmsDbfs ?? NaN, -23.01, 0.02);
      assert.deepStrictEqual([signal.silent, signal.silences, signal.clippedSamples], [false, [], 0]);
      assert.strictEqual(measurement.decodedSeconds, 20);
      assert.deepStrictEqual(measurement.warnings, ["MONO_AS_STEREO"]);
      assert.deepStrictEqual([signal.stereoCorrelation, signal.balanceDb], [1, 0]);
      assert.approximately(signal.spectrum?.centroidHz ?? NaN, 997, 20);
      assert.deepStrictEqual(measurement.errors, {});
      assert.deepStrictEqual([measurement.tempo, measurement.key], [null, null]);
      assert.strictEqual(measurement.analyserVersion.signal, 2);
      assertProgress(shares);
      assert.isAbove(shares.length, 3);
      assert.lengthOf(processes.filter(({ name }) => name === "ffmpeg measure"), 1);
    }));

  it.effect("stores the waveform with 256 samples a pixel", () =>
    Effect.gen(function* () {
      const sound = sine({ seconds: 2 });
      const measurement = yield* measureUnprobed(wav(sound));
      const peaks = peaksOf(measurement);
      const length = Math.ceil(88_200 / 256);
      assert.containsSubset(measurement.waveform, { sampleRate: 44_100, samplesPerPixel: 256, length });
      assert.deepStrictEqual([peaks.sampleRate, peaks.samplesPerPixel, peaks.length], [44_100, 256, length]);
      for (let pixel = 0; pixel < length - 1; pixel++) {
        assert.approximately(peaks.data[2 * pixel] ?? 0, -16_384, 60);
        assert.approximately(peaks.data[2 * pixel + 1] ?? 0, 16_384, 60);
      }
    }));

  it.effect("stores the waveform of each channel: of one with the mix, of many not at all", () =>
    Effect.gen(function* () {
      const channelsOf = (sound: Sound) =>
        Effect.map(measure(wav(sound)), ({ measurement: { waveform } }) => ({ ...waveform }));
      const sound = sine({ channels: 2, seconds: 0.5 });
      sound.samples.forEach((sample, i) => sound.samples[i] = i % 2 === 0 ? sample : 0.25);
      const { channels } = yield* channelsOf(sound);
      const stored = readFileSync(channels?.path ?? assert.fail("The channels are not apart"));
      const peaks = Result.getOrThrow(decodeDat(stored));
      assert.deepStrictEqual([channels?.count, peaks.channels, peaks.length], [2, 2, 87]);
      assert.deepStrictEqual([...peaks.data.subarray(2, 4)], [8_192, 8_192]);
      const mono = yield* channelsOf(sine({ channels: 1, seconds: 0.5 }));
      assert.deepStrictEqual(mono.channels, { count: 1, path: mono.path ?? "" });
      assert.isNull((yield* channelsOf(sine({ channels: 9, seconds: 0.5 }))).channels);
    }));

  it.effect("takes samples for what they are in the file", () =>
    Effect.gen(function* () {
      const level = (samples: ReadonlyArray<number>) => ({
        ...{ sampleRate: 44_100, channels: 1 },
        samples: Float32Array.from({ length: 4_410 }, (_, i) => samples[i % samples.length] ?? 0),
      });
      const first = (measurement: Measurement) => [...peaksOf(measurement).data.subarray(0, 2)];
      const float = yield* measure(wav(level([-0.25, 0.5]), "f32"));
      assert.deepStrictEqual(first(float.measurement), [-8_191, 16_383]);
      const integer = yield* measure(wav(level([-0.25, 0.5]), "s24"));
      assert.deepStrictEqual(first(integer.measurement), [-8_192, 16_384]);
      const compressed = yield* sourceOf((path) => encode(path, sine(), "-f", "ogg"));
      assert.strictEqual((yield* readHeader(compressed.source)).samples, "decoded");
    }));

  it.effect("measures each of several channels for itself", () =>
    Effect.gen(function* () {
      const sound = sine({ channels: 4, seconds: 4, amplitude: 0.1 });
      for (let i = 0; i < sound.samples.length; i++) if (i % 4 === 3) sound.samples[i] = 0.75;
      const measurement = yield* measureUnprobed(wav(sound), 4);
      assert.approximately(signalOf(measurement).dcOffset ?? NaN, 0.75, 0.001);
      assert.approximately(measurement.loudness.samplePeakDbfs ?? NaN, -2.5, 0.01);
      assert.strictEqual(measurement.decodedSeconds, 4);
    }));

  it.effect.each([1, 3, 7, 10, 16])(
    "measures the tempo and the key of music in %i channels",
    (channels) =>
      Effect.gen(function* () {
        const { result: measurement, processes } = yield* withProcesses(
          measureUnprobed(wav(music({ channels, seconds: 9 })), channels),
        );
        assert.approximately(measurement.tempo?.bpm ?? NaN, 120, 1);
        assert.strictEqual(measurement.key?.name, "A minor");
        assert.strictEqual(measurement.decodedSeconds, 9);
        assert.lengthOf(processes.filter(({ name }) => name === "ffmpeg measure"), 1);
        const { momentary, shortTerm, beats } = curvesIn(measurement);
        assert.deepStrictEqual([momentary.lufs.length, shortTerm.lufs.length], [87, 7]);
        assert.isAbove(beats.length, 10);
        for (const beat of beats.slice(1, -1)) assert.approximately(2 * beat, Math.round(2 * beat), 0.1);
      }),
  );

  it.effect("stores the levels of the waveform, and a spectrogram", () =>
    Effect.gen(function* () {
      const { waveform, spectrogram } = yield* measureUnprobed(wav(sine({ seconds: 2 })));
      const rms = decodeRms(readFileSync(waveform?.rmsPath ?? assert.fail("There are no levels")));
      assert.strictEqual(rms.length, waveform?.length);
      for (const level of rms.subarray(0, -1)) assert.approximately(level / 65_535, 0.354, 0.01);
      const path = spectrogram?.path ?? assert.fail("There is no spectrogram");
      const { columns, bands, levels } = Result.getOrThrow(
        decodeSpectrogram(new Uint8Array(readFileSync(path))),
      );
      assert.approximately(columns, 43, 1);
      const column = Array.from(levels.subarray(0, bands), levelOf);
      assert.approximately(Math.max(...column), -9, 3);
      assert.isBelow(column.at(-1) ?? 0, -90);
    }));

  it.effect("measures compressed audio", () =>
    Effect.gen(function* () {
      const { measurement } = yield* measure((path) => encode(path, sine({ seconds: 5 }), "-f", "ogg"));
      assert.approximately(measurement.decodedSeconds, 5, 0.06);
      assert.approximately(measurement.loudness.integratedLufs ?? NaN, -6.7, 0.3);
      assert.deepStrictEqual(measurement.warnings, ["MONO_AS_STEREO"]);
    }));

  it.effect.each(
    [
      ["digital silence", wav(silence({ seconds: 4 })), 4],
      [
        "a single sample of silence",
        wav({ sampleRate: 44_100, channels: 2, samples: new Float32Array(2) }),
        1 / 44_100,
      ],
    ] as const,
  )("answers nulls for %s", ([, file, seconds]) =>
    Effect.gen(function* () {
      const measurement = yield* measureUnprobed(file);
      const { loudness, warnings, decodedSeconds } = measurement;
      const signal = signalOf(measurement);
      for (const [name, value] of Object.entries(loudness)) assert.isNull(value, name);
      assert.deepStrictEqual([signal.stereoCorrelation, signal.balanceDb, signal.spectrum], [
        null,
        null,
        null,
      ]);
      assert.deepStrictEqual([signal.silent, signal.rmsDbfs, signal.crestDb, signal.dcOffset], [
        true,
        null,
        null,
        0,
      ]);
      assert.deepStrictEqual(warnings, ["SILENT"]);
      assert.approximately(decodedSeconds, seconds, 1e-6);
    }));

  it.effect("answers nulls for a file without samples", () =>
    Effect.gen(function* () {
      const measurement = yield* measureUnprobed(wav(silence({ seconds: 0 })));
      assert.deepStrictEqual([...new Set(Object.values(measurement.loudness))], [null]);
      assert.isNull(signalOf(measurement).dcOffset);
      assert.strictEqual(measurement.decodedSeconds, 0);
      assert.strictEqual(peaksOf(measurement).length, 0);
    }));

  it.effect("warns of clipping", () =>
    Effect.gen(function* () {
      const measurement = yield* measureUnprobed(wav(sine({ amplitude: 2 })));
      assert.deepStrictEqual(measurement.warnings, ["CLIPPED", "MONO_AS_STEREO"]);
      assert.isAbove(signalOf(measurement).clippedSamples, 1_000);
    }));

  it.effect.each([
    ...[["flac"], ["mp3"], ["webm"], ["ogg"], ["wav"], ["caf"], ["w64"], ["asf"]],
    ["mp4", "-movflags", "+faststart"],
  ])(
    "warns of a %s of which half is missing",
    ([format = "", ...args]) =>
      Effect.gen(function* () {
        const measurement = yield* measureUnprobed((path) => {
          encode(path, sine({ seconds: 4 }), ...args, "-f", format);
          truncateSync(path, statSync(path).size >> 1);
        });
        assert.deepStrictEqual(measurement.warnings, ["TRUNCATED", "MONO_AS_STEREO"]);
        assert.isAbove(measurement.decodedSeconds, 1);
        assert.isBelow(measurement.decodedSeconds, 3);
      }),
  );

  it.effect.each(["caf", "asf"])(
    "does not warn of a %s that was written without knowing its length",
    (format) =>
      Effect.gen(function* () {
        const { warnings } = yield* measureUnprobed((path) => {
          encode(path, sine({ seconds: 2 }), "-f", "w64");
          writeFileSync(path, ffmpeg("-i", path, "-f", format, "pipe:1"));
        });
        assert.deepStrictEqual(warnings, ["MONO_AS_STEREO"]);
      }),
  );
});

const losing = new URL("./LosingWorker.ts", import.meta.url);
const lost = "It could not be measured";

layer(engine, { excludeTestServices: true })("a measurement of which something fails", (it) => {
  // More than the blocks on the way to a thread, and than pipes hold.
  const file = wav(music({ seconds: 40 }));
  const media = factsOf({ durationSeconds: 40 });
  const onProgress = () => Effect.void;

  it.effect.each(
    [
      ["music", { tempo: lost, key: lost }],
      ["signal", { loudness: lost, signal: lost, waveform: lost }],
    ] as const,
  )("keeps the other parts when the thread of the %s is lost", ([name, errors]) =>
    Effect.gen(function* () {
      const workers = { ...laneWorkers, [name]: losing };
      const measurement = yield* measureWithin({ ...yield* sourceOf(file), media, onProgress }, 60, workers);
      assert.deepStrictEqual(measurement.errors, errors);
      assert.deepStrictEqual(
        [measurement.tempo !== null, measurement.key !== null, measurement.signal !== null],
        [name !== "music", name !== "music", name === "music"],
      );
      assert.approximately(measurement.decodedSeconds, 40, 0.001);
      assert.deepStrictEqual(measurement.warnings, []);
    }));

  it.effect("fails for this time when every thread is lost", () =>
    Effect.gen(function* () {
      const job = { ...yield* sourceOf(file), media, onProgress };
      const { reason } = yield* Effect.flip(measureWithin(job, 60, { signal: losing, music: losing }));
      assert.strictEqual(reason._tag, "Unavailable");
    }));

  it.effect.each(["waveform.dat", "waveform.rms", "spectrogram.bin"])(
    "fails for this time when %s cannot be written",
    (name) =>
      Effect.gen(function* () {
        const job = { ...yield* sourceOf(file), media, onProgress };
        mkdirSync(join(job.workspace, name));
        const { reason } = yield* Effect.flip(measureWithin(job, 60));
        assert.strictEqual(reason._tag, "Unavailable");
      }),
  );

  it.effect("keeps the signal when ffmpeg cannot write the second pipe", () =>
    Effect.gen(function* () {
      const { workspace, source } = yield* sourceOf(file);
      const before = process.env["PATH"];
      yield* Effect.acquireRelease(
        Effect.sync(() => void (process.env["PATH"] = ffmpegWithoutSecondPipe(workspace))),
        () => Effect.sync(() => void (process.env["PATH"] = before)),
      );
      const measurement = yield* measureWithin({ workspace, source, media, onProgress }, 60);
      assert.deepStrictEqual(measurement.errors, { tempo: lost, key: lost });
      assert.isNotNull(measurement.loudness.integratedLufs);
      assert.isNotNull(measurement.waveform);
    }));

  it.effect("measures no more than the parts that are asked for, by no more than their lane", () =>
    Effect.gen(function* () {
      const job = { ...yield* sourceOf(file), media, onProgress };
      const { result, processes } = yield* withProcesses(
        Effect.all([
          measureWithin({ ...job, parts: ["loudness"] }, 60, { ...laneWorkers, music: losing }),
          measureWithin({ ...job, parts: ["tempo"] }, 60, { ...laneWorkers, signal: losing }),
        ]),
      );
      const [loudness, tempo] = result;
      assert.deepStrictEqual([loudness.errors, tempo.errors], [{}, {}]);
      assert.isNotNull(loudness.loudness.integratedLufs);
      assert.approximately(tempo.tempo?.bpm ?? NaN, 120, 1);
      assert.deepStrictEqual(loudness.analyserVersion, { ...eachPart(() => 0), loudness: 2 });
      assert.deepStrictEqual([loudness.signal, loudness.waveform, loudness.spectrogram, tempo.key], [
        null,
        null,
        null,
        null,
      ]);
      assert.deepStrictEqual([Object.keys(loudness.curves), Object.keys(tempo.curves)], [
        ["momentary", "shortTerm"],
        ["beats"],
      ]);
      const measuring = processes.filter(({ name }) => name === "ffmpeg measure");
      const args = measuring.map(({ attributes }) => String(attributes.get("process.command_args")));
      assert.lengthOf(args, 2);
      for (const arg of args) assert.notInclude(arg, "pipe:3");
    }));
});

layer(engine, { excludeTestServices: true })("a measurement that fails", (it) => {
  it.effect("does so on samples that are not numbers", () =>
    Effect.gen(function* () {
      const sound = sine({ seconds: 1 });
      sound.samples[50_000] = NaN;
      const { code, stage } = yield* failureOf(measureUnprobed(wav(sound, "f32")));
      assert.deepStrictEqual([code, stage], ["INVALID_SAMPLES", "decode"]);
    }));

  it.effect("stops at the longest duration", () =>
    Effect.gen(function* () {
      const { workspace, source } = yield* sourceOf(silentFlac(100, 1));
      const job = { workspace, source, media: factsOf(), onProgress: () => Effect.void };
      const { code } = yield* failureOf(measureWithin(job, 20));
      assert.strictEqual(code, "DURATION_LIMIT");
    }));

  it.effect("refuses what is no audio", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* failureOf(measureUnprobed("no audio"))).code, "UNSUPPORTED_FORMAT");
    }));

  it.effect("ends its process when it is interrupted", () =>
    Effect.gen(function* () {
      const { measure } = yield* MediaEngine;
      const { workspace, source } = yield* sourceOf(silentFlac(1_800));
      const begun = yield* Deferred.make<void>();
      const spans: Array<Tracer.NativeSpan> = [];
      const media = factsOf({ durationSeconds: 1_800 });
      const onProgress = () => Effect.asVoid(Deferred.succeed(begun, undefined));
      const fiber = yield* Effect.forkChild(
        withProcesses(measure({ workspace, source, media, onProgress }), spans),
      );
      yield* Deferred.await(begun);
      const pid = spans.find(({ name }) => name === "ffmpeg measure")?.attributes.get("process.pid");
      assert.isTrue(isAlive(pid));
      yield* Fiber.interrupt(fiber);
      assert.isFalse(isAlive(pid));
    }));
});
