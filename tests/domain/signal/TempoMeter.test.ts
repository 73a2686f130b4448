import { assert, describe, it } from "@effect/vitest";
import { Schema } from "effect";
import { Tempo } from "../../../domain/analysis/Tempo.ts";
import { musicRate } from "../../../domain/signal/MusicRate.ts";
import { TempoMeter } from "../../../domain/signal/TempoMeter.ts";
import { beatsAt, clicks, drums, mixed } from "./Drums.ts";
import { concatenate, noise, tone } from "./Synthesis.ts";

const measured = (samples: Float32Array, chunk = samples.length) => {
  const meter = new TempoMeter();
  for (let at = 0; at < samples.length; at += chunk) meter.push(samples.subarray(at, at + chunk));
  return meter.finish();
};

const answered = (samples: Float32Array) => {
  const answer = measured(samples);
  assert.isNotNull(answer);
  return answer;
};

/** That every true beat has one of the grid within 50 ms, and the grid no others. */
const assertBeats = (grid: ArrayLike<number>, truth: ReadonlyArray<number>) => {
  const found = Array.from(grid);
  for (const beat of truth) {
    assert.isBelow(Math.min(...found.map((time) => Math.abs(time - beat))), 0.05, `the beat at ${beat} s`);
  }
  assert.lengthOf(found, truth.length);
};

describe("the tempo meter", () => {
  it.each([80, 90, 100, 117.3, 120, 128, 140, 150, 170])(
    "finds a click track of %f BPM and its beats",
    (bpm) => {
      const beats = beatsAt(bpm, 20);
      const { tempo, beats: grid } = answered(clicks(beats, 20));
      assert.approximately(tempo.bpm, bpm, 0.1);
      assertBeats(grid, beats);
    },
  );

  it.each([85, 100, 112.5, 120, 133, 150, 165])("finds a drum pattern of %f BPM and its beats", (bpm) => {
    const beats = beatsAt(bpm, 20);
    const { tempo, beats: grid } = answered(drums(beats, 20));
    assert.approximately(tempo.bpm, bpm, 0.1);
    assertBeats(grid, beats);
  });

  it.each([130, 140, 150, 160])("finds swung drums of %f BPM and their beats", (bpm) => {
    const beats = beatsAt(bpm, 20);
    const { tempo, beats: grid } = answered(drums(beats, 20, 2 / 3));
    assert.approximately(tempo.bpm, bpm, 0.1);
    assertBeats(grid, beats);
  });

  it("finds drums under loud noise", () => {
    const beats = beatsAt(124, 20);
    const { tempo, beats: grid } = answered(mixed(drums(beats, 20), noise(20 * musicRate, 0.2, 3)));
    assert.approximately(tempo.bpm, 124, 0.1);
    assertBeats(grid, beats);
  });

  it("finds drums beside held chords", () => {
    const beats = beatsAt(96, 20);
    const chord = [220, 277.2, 329.6].map((hertz) => tone(musicRate, [[-14, 20]], hertz)).reduce(mixed);
    const { tempo, beats: grid } = answered(mixed(drums(beats, 20), chord));
    assert.approximately(tempo.bpm, 96, 0.1);
    assertBeats(grid, beats);
  });

  it.each([[116, 124], [100, 110], [138, 122]])(
    "follows a tempo that drifts from %f to %f BPM",
    (from, to) => {
      const beats = beatsAt((second) => from + (to - from) * second / 40, 40);
      const { tempo, beats: grid } = answered(drums(beats, 40));
      assert.approximately(tempo.bpm, (from + to) / 2, 0.01 * tempo.bpm);
      assertBeats(grid, beats);
    },
  );

  it("does not lose a beat of a steady tempo to louder sounds between", () => {
    const beats = beatsAt(126, 40);
    const fills = beats.filter((_, i) => i % 16 >= 8).map((beat) => beat + 0.75 * 60 / 126);
    const loud = clicks(fills, 40).map((sample) => 4 * sample);
    assertBeats(answered(mixed(drums(beats, 40), loud)).beats, beats);
  });

  it("keeps time through a pause and has no beats in the silence around the music", () => {
    const beats = beatsAt(120, 26, 4).filter((beat) => beat < 12 || beat > 14);
    const { tempo, beats: grid } = answered(drums(beats, 30));
    assert.approximately(tempo.bpm, 120, 0.1);
    assertBeats(grid, beatsAt(120, 26, 4));
  });

  it("measures alike at any level", () => {
    const samples = drums(beatsAt(104, 12), 12);
    const loud = answered(samples), soft = answered(samples.map((sample) => sample / 1000));
    assert.approximately(soft.tempo.bpm, loud.tempo.bpm, 1e-3);
    assert.approximately(soft.tempo.confidence, loud.tempo.confidence, 1e-3);
    assert.deepStrictEqual(soft.beats.length, loud.beats.length);
  });

  it("answers the same however the samples are cut", () => {
    const samples = drums(beatsAt(131, 9), 9);
    const whole = answered(samples);
    for (const chunk of [1, 255, 1024, 5000]) assert.deepStrictEqual(measured(samples, chunk), whole);
  });

  it("is surer of a plain pattern than of one that may be counted in two ways", () => {
    const plain = answered(drums(beatsAt(120, 20), 20)).tempo;
    const doubtful = answered(clicks(beatsAt(185, 20), 20)).tempo;
    assert.isAbove(plain.confidence, 0.9);
    assert.isBelow(doubtful.confidence, plain.confidence);
  });

  it("names at most five candidates, the answer first, likeliest first", () => {
    const { tempo } = answered(drums(beatsAt(90, 20), 20));
    assert.deepStrictEqual(Schema.decodeUnknownSync(Tempo)(tempo), tempo);
    assert.isAtMost(tempo.candidates.length, 5);
    assert.strictEqual(tempo.candidates[0]!.bpm, tempo.bpm);
    const strengths = tempo.candidates.map(({ strength }) => strength);
    assert.deepStrictEqual(strengths, strengths.toSorted((a, b) => b - a));
    assert.isAtMost(strengths.reduce((sum, strength) => sum + strength, 0), 1 + 1e-9);
    assert.isTrue(tempo.candidates.some(({ bpm }) => Math.abs(bpm - 180) < 1), "the double is a candidate");
  });

  it("has no tempo for what is short, silent or empty", () => {
    assert.isNull(measured(drums(beatsAt(120, 2.9), 2.9)));
    assert.isNotNull(measured(drums(beatsAt(120, 4), 4)));
    assert.isNull(measured(new Float32Array(10 * musicRate)));
    assert.isNull(new TempoMeter().finish());
  });

  it("has no tempo, rather than one that is no number, where a sample is none", () => {
    const samples = drums(beatsAt(120, 10), 10);
    for (const broken of [NaN, Infinity]) assert.isNull(measured(samples.with(50_000, broken)));
  });

  it.each([3.2, 5, 10, 30])("has no tempo for %f s of white noise", (seconds) => {
    for (let seed = 1; seed <= 5; seed++) {
      assert.isNull(measured(noise(Math.round(seconds * musicRate), 0.5, seed)));
    }
  });

  it("has no tempo for held tones", () => {
    for (const hertz of [50, 100, 440, 441.7, 1000, 3333]) {
      assert.isNull(measured(tone(musicRate, [[-6, 10]], hertz)), `${hertz} Hz`);
    }
    assert.isNull(measured(mixed(tone(musicRate, [[-6, 10]], 440), noise(10 * musicRate, 1e-4, 1))));
  });

  it("has no tempo for bursts as irregular as speech", () => {
    const lengths = noise(120, 1, 11);
    const bursts = Array.from(lengths, (length, i) => {
      const samples = Math.round((0.12 + 0.09 * length) * musicRate);
      return i % 2 === 0 ? new Float32Array(samples) : noise(samples, 0.2 + 0.2 * Math.abs(length), i);
    });
    assert.isNull(measured(concatenate(...bursts)));
  });

  it("has no tempo for one click, nor for clicks at random", () => {
    assert.isNull(measured(clicks([4], 10)));
    const random = Array.from(noise(60, 10, 5), (time) => time + 10);
    assert.isNull(measured(clicks(random, 20)));
  });
});
