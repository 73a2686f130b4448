import { assert, describe, it } from "@effect/vitest";
import { Schema } from "effect";
import process from "node:process";
import { MusicalKey, tonics } from "../../../domain/analysis/MusicalKey.ts";
import { KeyMeter } from "../../../domain/signal/KeyMeter.ts";
import { musicRate } from "../../../domain/signal/MusicRate.ts";
import { majorCadence, minorCadence, playChords } from "./ChordSynthesis.ts";
import { concatenate, noise, tone } from "./Synthesis.ts";

const measure = (samples: Float32Array): MusicalKey | null => {
  const meter = new KeyMeter();
  meter.push(samples);
  return meter.finish();
};

const keyOf = (samples: Float32Array): MusicalKey => {
  const key = measure(samples);
  if (key === null) assert.fail("no key was told");
  return key;
};

const LOWEST_TONIC = 55;
const cadence = { major: majorCadence, minor: minorCadence };
const keys = (["major", "minor"] as const).flatMap((mode) => tonics.map((tonic) => ({ tonic, mode })));

/** The cadence of a key, in the octave from G3 up. */
const play = (key: { readonly tonic: MusicalKey["tonic"]; readonly mode: MusicalKey["mode"] }, cents = 0) =>
  playChords(cadence[key.mode], LOWEST_TONIC + (tonics.indexOf(key.tonic) + 5) % 12, cents);

const seconds = (count: number): number => count * musicRate;

/** As many harmonics as a voice has; pitch and loudness wander as in speech. */
const babble = (length: number): Float32Array => {
  const wander = noise(200, 1, 7);
  let phase = 0;
  return Float32Array.from({ length }, (_, n) => {
    const time = n / musicRate;
    const syllable = wander[Math.floor(5 * time) % wander.length]!;
    const next = wander[Math.floor(5 * time + 1) % wander.length]!;
    const pitch = 120 * 2 ** (0.5 * (syllable + (next - syllable) * (5 * time % 1)));
    phase += 2 * Math.PI * pitch / musicRate;
    let sample = 0;
    for (let harmonic = 1; harmonic <= 12; harmonic++) sample += Math.sin(harmonic * phase) / harmonic;
    return 0.1 * sample * Math.abs(Math.sin(5 * Math.PI * time));
  });
};

describe("a key meter", () => {
  it.each(keys)("tells $tonic $mode from a cadence", (truth) => {
    const key = keyOf(play(truth));
    assert.deepStrictEqual(
      { tonic: key.tonic, mode: key.mode, name: key.name },
      { ...truth, name: `${truth.tonic} ${truth.mode}` },
    );
    assert.closeTo(key.tuningCents, 0, 1);
    assert.isAbove(key.confidence, 0.6);
  });

  it.each(keys.flatMap((key, i) => i % 5 === 0 ? [31, -29, 48].map((cents) => ({ ...key, cents })) : []))(
    "tells $tonic $mode, $cents cents out of tune, as surely as in tune",
    ({ cents, ...truth }) => {
      const key = keyOf(play(truth, cents)), inTune = keyOf(play(truth));
      assert.deepStrictEqual({ tonic: key.tonic, mode: key.mode }, truth);
      assert.closeTo(key.tuningCents, cents, 1);
      assert.closeTo(key.candidates[0]!.strength, inTune.candidates[0]!.strength, 0.03);
    },
  );

  it("tells the same key and tuning at every level", () => {
    const loud = play({ tonic: "D", mode: "minor" }, 12);
    const key = keyOf(loud), quiet = keyOf(loud.map((sample) => sample / 500));
    assert.deepStrictEqual([quiet.name, quiet.tuningCents], [key.name, key.tuningCents]);
    assert.closeTo(quiet.confidence, key.confidence, 0.01);
  });

  it("tells the key through noise 12 dB below the music", () => {
    const music = play({ tonic: "E", mode: "major" });
    const hiss = noise(music.length, 0.06, 3);
    assert.strictEqual(keyOf(music.map((sample, i) => sample + hiss[i]!)).name, "E major");
  });

  it("names at most five candidates, the told key first, in the order of their strength", () => {
    const { tonic, mode, candidates } = keyOf(play({ tonic: "G", mode: "major" }));
    assert.strictEqual(candidates.length, 5);
    assert.deepStrictEqual([candidates[0]?.tonic, candidates[0]?.mode], [tonic, mode]);
    const strengths = candidates.map(({ strength }) => strength);
    assert.deepStrictEqual(strengths, strengths.toSorted((one, other) => other - one));
    assert.strictEqual(new Set(candidates.map((key) => `${key.tonic} ${key.mode}`)).size, 5);
  });

  it("answers what its schema allows, and what JSON keeps", () => {
    const key = keyOf(play({ tonic: "Bb", mode: "minor" }, -45));
    assert.deepStrictEqual(Schema.decodeUnknownSync(MusicalKey)(JSON.parse(JSON.stringify(key))), key);
  });

  it("is less confident of a shorter piece, and of one between two keys", () => {
    const music = play({ tonic: "C", mode: "major" });
    const whole = keyOf(concatenate(music, music, music)).confidence;
    assert.isBelow(keyOf(music.subarray(0, seconds(3.1))).confidence, whole);
    const other = play({ tonic: "F#", mode: "major" });
    assert.isBelow(keyOf(concatenate(music, other, music, other)).confidence, whole);
  });

  it.each([1, 441, 4096, 8191, 100_000])(
    "tells the same whether pushed at once or %i samples at a time",
    (size) => {
      const music = play({ tonic: "F", mode: "minor" }, 17);
      const meter = new KeyMeter();
      for (let at = 0; at < music.length; at += size) meter.push(music.subarray(at, at + size));
      assert.deepStrictEqual(meter.finish(), keyOf(music));
    },
  );

  it("can be asked again, and goes on", () => {
    const meter = new KeyMeter();
    const music = play({ tonic: "A", mode: "major" });
    meter.push(music.subarray(0, seconds(4)));
    assert.deepStrictEqual(meter.finish(), meter.finish());
    meter.push(music.subarray(seconds(4)));
    assert.deepStrictEqual(meter.finish(), keyOf(music));
  });

  it("passes over samples that are not numbers", () => {
    const music = play({ tonic: "B", mode: "minor" });
    const key = keyOf(concatenate(music, new Float32Array(seconds(1)).fill(NaN), music));
    assert.strictEqual(key.name, "B minor");
    assert.isFalse(JSON.stringify(key).includes("null"));
  });

  it("needs no more memory for a longer piece", () => {
    const music = play({ tonic: "Ab", mode: "major" });
    const meter = new KeyMeter();
    const minutes = (count: number) => {
      for (let at = 0; at < seconds(60 * count); at += music.length) meter.push(music);
    };
    const used = () => process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers;
    minutes(1);
    const before = used();
    minutes(20);
    // The peaks of these minutes would fill tens of megabytes.
    assert.isBelow(used() - before, 8 * 2 ** 20);
    assert.strictEqual(meter.finish()?.name, "Ab major");
  });
});

describe("a key meter tells no key", () => {
  it.each([
    ["nothing at all", new Float32Array(0)],
    ["silence", new Float32Array(seconds(10))],
    ["silence but for the dither of 16 bits", noise(seconds(10), 2 ** -15, 5)],
    ["music of less than three seconds", play({ tonic: "C", mode: "major" }).subarray(0, seconds(2.9))],
    ["noise", noise(seconds(20), 0.5, 11)],
    ["four seconds of noise", noise(seconds(4), 0.5, 12)],
    ["a sine", tone(musicRate, [[-6, 10]], 440)],
    ["a sine between two notes", tone(musicRate, [[-6, 10]], 452)],
    ["a single tone with harmonics", playChords([[0], [0], [0], [0], [0], [0]], 57)],
    ["bursts of noise", noise(seconds(12), 0.5, 13).map((sample, i) => i % 11_025 < 2000 ? sample : 0)],
    ["what goes up and down like speech", babble(seconds(20))],
    ["four seconds of the same", babble(seconds(4))],
    ["samples that are not numbers", new Float32Array(seconds(5)).fill(NaN)],
  ])("of %s", (_, samples) => {
    assert.isNull(measure(samples));
  });
});
