import { assert, describe, it } from "@effect/vitest";
import { Schema } from "effect";
import * as SignalAnalyser from "../../../domain/signal/SignalAnalyser.ts";
import { keepPixels } from "./Pixels.ts";
import { concatenate, interleave, noise, tone } from "./Synthesis.ts";

/** The report on a signal that is cut into chunks of the given numbers of frames, over and over. */
const analyse = (
  options: SignalAnalyser.SignalOptions,
  interleaved: Float32Array,
  cuts: ReadonlyArray<number> = [interleaved.length],
  replaced: Partial<SignalAnalyser.SignalMeters> = {},
) => {
  const pixels = keepPixels(options.channels);
  const waveform = SignalAnalyser.waveformMeter(pixels);
  const analyser = SignalAnalyser.make(options, { ...SignalAnalyser.signalMeters, waveform, ...replaced });
  for (let at = 0, cut = 0; at < interleaved.length; cut++) {
    const end = at + cuts[cut % cuts.length]! * options.channels;
    analyser.push(interleaved.slice(at, end));
    at = end;
  }
  const report = analyser.finish();
  return { ...report, waveform: report.waveform && pixels.take(report.waveform) };
};

const nothing = {
  integratedLufs: null,
  rangeLu: null,
  thresholdLufs: null,
  maxMomentaryLufs: null,
  maxShortTermLufs: null,
  truePeakDbtp: null,
  samplePeakDbfs: null,
};

/** Every number in a report, also of its parts. */
const numbers = (part: object): ReadonlyArray<number> =>
  Object.values(part).flatMap((value: unknown) =>
    typeof value === "number" ? [value] : typeof value === "object" && value !== null ? numbers(value) : []
  );

describe("a signal analyser", () => {
  it("reports what its meters find", () => {
    const sine = tone(44_100, [[-20, 4], [null, 1], [-20, 1]], 997);
    const report = analyse({ sampleRate: 44_100, channels: 2 }, interleave(sine, sine));
    assert.strictEqual(report.frames, 264_600);
    assert.strictEqual(report.durationSeconds, 6);
    assert.closeTo(report.loudness?.integratedLufs ?? NaN, -20, 0.3);
    assert.closeTo(report.loudness?.truePeakDbtp ?? NaN, -20, 0.02);
    assert.closeTo(report.loudness?.samplePeakDbfs ?? NaN, -20, 0.02);
    assert.isFalse(report.signal?.silent);
    assert.lengthOf(report.signal?.silences ?? [], 1);
    assert.closeTo(report.signal?.silences[0]?.start ?? NaN, 4, 0.01);
    assert.strictEqual(report.nonFiniteSamples, 0);
    assert.strictEqual(report.waveform?.mix.length, Math.ceil(264_600 / 256));
  });

  it("passes its options on", () => {
    const report = analyse(
      {
        sampleRate: 8_000,
        channels: 1,
        samplesPerPixel: 100,
        samples: "float",
        silence: { thresholdDbfs: -10, minimumSeconds: 0.1 },
      },
      tone(8_000, [[-12, 0.25]]),
    );
    assert.deepStrictEqual(report.signal?.silences, [{ start: 0, end: 0.25 }]);
    assert.strictEqual(report.waveform?.mix.samplesPerPixel, 100);
    assert.strictEqual(report.waveform?.mix.length, 20);
    // −8230.7, truncated; as an integer it would be −8230.95, cut to −8231.
    assert.strictEqual(report.waveform?.mix.data[0], -8230);
  });

  const signal = interleave(
    concatenate(tone(22_050, [[0, 1], [null, 0.7], [-6, 2]], 5_512.5), new Float32Array(300).fill(1)),
    concatenate(noise(22_050, 1, 3), new Float32Array(59_835)),
    noise(81_885, 1e-4, 4),
  );
  const options = { sampleRate: 22_050, channels: 3 };
  const whole = analyse(options, signal);

  it("finds something of everything in the signal that is cut below", () => {
    assert.isTrue(Object.values(whole.loudness ?? { nothing: null }).every((value) => value !== null));
    assert.lengthOf(whole.signal?.silences ?? [], 1);
    assert.strictEqual(whole.signal?.clippedSamples, 300);
  });

  it.prop(
    "reports exactly the same however the signal is cut",
    { cuts: Schema.NonEmptyArray(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 3_000 }))) },
    ({ cuts }) => assert.deepStrictEqual(analyse(options, signal, cuts), whole),
    { arbitrary: { runs: 40 } },
  );

  it("reports the same frame by frame, and with empty chunks between", () => {
    assert.deepStrictEqual(analyse(options, signal, [1]), whole);
    assert.deepStrictEqual(analyse(options, signal, [0, 5_000, 0, 0]), whole);
  });

  it.each([1, 2, 6])("has nulls and `silent` for digital silence in %i channels", (channels) => {
    const report = analyse({ sampleRate: 48_000, channels }, new Float32Array(4 * 48_000 * channels));
    assert.deepStrictEqual(report.loudness, nothing);
    assert.deepStrictEqual(report.signal, {
      silent: true,
      silences: [{ start: 0, end: 4 }],
      clippedSamples: 0,
      dcOffset: 0,
      rmsDbfs: null,
      crestDb: null,
      stereoCorrelation: null,
      balanceDb: null,
      isDualMono: false,
      spectrum: null,
    });
    assert.isTrue(report.curves?.momentary.every((value) => value === -Infinity));
    assert.isTrue(report.spectrogram?.levels.every((level) => level === 0));
  });

  it("reports on no frames at all", () => {
    const report = analyse({ sampleRate: 48_000, channels: 2 }, new Float32Array(0));
    assert.deepStrictEqual({
      ...report,
      waveform: report.waveform?.mix.length,
      spectrogram: report.spectrogram?.columns,
    }, {
      frames: 0,
      durationSeconds: 0,
      nonFiniteSamples: 0,
      loudness: nothing,
      curves: { momentary: new Float32Array(), shortTerm: new Float32Array() },
      signal: {
        silent: true,
        silences: [],
        clippedSamples: 0,
        dcOffset: null,
        rmsDbfs: null,
        crestDb: null,
        stereoCorrelation: null,
        balanceDb: null,
        isDualMono: false,
        spectrum: null,
      },
      spectrogram: 0,
      waveform: 0,
      errors: {},
    });
  });

  it("reports on one frame", () => {
    const report = analyse({ sampleRate: 48_000, channels: 1 }, Float32Array.of(0.5));
    assert.strictEqual(report.durationSeconds, 1 / 48_000);
    assert.deepStrictEqual(report.loudness, {
      ...nothing,
      truePeakDbtp: 20 * Math.log10(0.5),
      samplePeakDbfs: 20 * Math.log10(0.5),
    });
    assert.strictEqual(report.signal?.crestDb, 0);
    assert.deepStrictEqual(report.waveform?.mix.data, Int16Array.of(16384, 16384));
  });

  it("counts samples that are not finite, and measures as if they were 0", () => {
    const clean = noise(48_000 * 4, 0.5, 9), poisoned = clean.slice();
    [0, 1, 777, 100_000].forEach((at, i) => {
      clean[at] = 0;
      poisoned[at] = [NaN, Infinity, -Infinity, NaN][i]!;
    });
    const expected = analyse({ sampleRate: 48_000, channels: 1 }, clean);
    const report = analyse({ sampleRate: 48_000, channels: 1 }, poisoned, [1_000]);
    assert.deepStrictEqual(report, { ...expected, nonFiniteSamples: 4 });
  });

  it.each([[2_000, 16], [11_025, 1], [22_050, 3], [44_100, 8], [192_000, 2], [384_000, 1]])(
    "has only finite numbers and nulls in its report at %i Hz in %i channels, at every level",
    (sampleRate, channels) => {
      for (const amplitude of [3.4e38, 1, 1e-40, NaN]) {
        const samples = noise(Math.round(sampleRate / 2) * channels, amplitude, 5).fill(amplitude, 0, 9);
        const { curves: _, ...report } = analyse({ sampleRate, channels }, samples);
        assert.isTrue(numbers(report).every(Number.isFinite));
        assert.deepStrictEqual(report.errors, {});
      }
    },
  );

  it.each(["signal", "loudness", "spectrum", "waveform"] as const)(
    "keeps everything else when %s fails",
    (part) => {
      const failing = {
        [part]: () => ({
          push: () => {
            throw new Error("Too difficult");
          },
        }),
      };
      const { errors, ...report } = analyse(options, signal, undefined, failing);
      assert.deepStrictEqual(errors, { [part]: "Too difficult" });
      const expected = {
        signal: { signal: null },
        loudness: { loudness: null, curves: null },
        spectrum: { spectrogram: null, signal: whole.signal && { ...whole.signal, spectrum: null } },
        waveform: { waveform: null },
      };
      const { errors: _, ...unharmed } = whole;
      assert.deepStrictEqual(report, { ...unharmed, ...expected[part] });
    },
  );

  it.each(["signal", "loudness", "spectrum", "waveform"] as const)("measures %s alone", (part) => {
    const pixels = keepPixels(3);
    const meters = { ...SignalAnalyser.signalMeters, waveform: SignalAnalyser.waveformMeter(pixels) };
    const analyser = SignalAnalyser.make(options, { [part]: meters[part] });
    analyser.push(signal);
    const report = analyser.finish();
    const found: object = { ...report, waveform: report.waveform && pixels.take(report.waveform) };
    const { frames, durationSeconds, nonFiniteSamples } = whole;
    const nothing = { loudness: null, curves: null, signal: null, spectrogram: null, waveform: null };
    const alone = {
      signal: { signal: whole.signal && { ...whole.signal, spectrum: null } },
      loudness: { loudness: whole.loudness, curves: whole.curves },
      spectrum: { spectrogram: whole.spectrogram },
      waveform: { waveform: whole.waveform },
    };
    const counted = { frames, durationSeconds, nonFiniteSamples, errors: {} };
    assert.deepStrictEqual(found, { ...nothing, ...counted, ...alone[part] });
  });

  it("refuses a chunk that does not hold whole frames", () => {
    const analyser = SignalAnalyser.make({ sampleRate: 48_000, channels: 2 }, SignalAnalyser.signalMeters);
    assert.throws(() => analyser.push(new Float32Array(3)), RangeError);
  });
});
