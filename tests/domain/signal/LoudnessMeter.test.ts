import { assert, describe, it } from "@effect/vitest";
import { type Loudness, LoudnessMeter } from "../../../domain/signal/LoudnessMeter.ts";
import { interleave, noise, type Segment, tone } from "./Synthesis.ts";

const measure = (sampleRate: number, ...channels: ReadonlyArray<Float32Array>): Loudness => {
  const meter = new LoudnessMeter(sampleRate, channels.length);
  meter.push(interleave(...channels), channels[0]!.length);
  return meter.finish();
};

/** The same tone in both channels. */
const stereo = (sampleRate: number, ...segments: ReadonlyArray<Segment>): Loudness => {
  const samples = tone(sampleRate, segments);
  return measure(sampleRate, samples, samples);
};

const within = (value: number | null, expected: number, tolerance: number): void => {
  if (value === null) assert.fail(`expected ${expected}, measured nothing`);
  assert.closeTo(value, expected, tolerance);
};

const repeat = (times: number, ...segments: ReadonlyArray<Segment>): ReadonlyArray<Segment> =>
  Array.from({ length: times }, () => segments).flat();

describe.each([48_000, 44_100])("a loudness meter at %i Hz", (rate) => {
  it.each([-23, -33])("reads a steady tone of %i dBFS on every scale (Tech 3341, 1 and 2)", (level) => {
    const loudness = stereo(rate, [level, 20]);
    within(loudness.integratedLufs, level, 0.1);
    within(loudness.maxMomentaryLufs, level, 0.1);
    within(loudness.maxShortTermLufs, level, 0.1);
    within(loudness.thresholdLufs, level - 10, 0.1);
  });

  it("gates out what is 10 LU below the programme (Tech 3341, 3)", () => {
    within(stereo(rate, [-36, 10], [-23, 60], [-36, 10]).integratedLufs, -23, 0.1);
  });

  it("gates out what is below −70 LUFS before it sets the relative gate (Tech 3341, 4)", () => {
    const loudness = stereo(rate, [-72, 10], [-36, 10], [-23, 60], [-36, 10], [-72, 10]);
    within(loudness.integratedLufs, -23, 0.1);
  });

  it("averages energy over what passes the gates (Tech 3341, 5)", () => {
    within(stereo(rate, [-26, 20], [-20, 20.1], [-26, 20]).integratedLufs, -23, 0.1);
  });

  it("weights surround channels and ignores the low-frequency one (Tech 3341, 6)", () => {
    const front = tone(rate, [[-28, 20]]),
      centre = tone(rate, [[-24, 20]]),
      surround = tone(rate, [[-30, 20]]);
    within(measure(rate, front, front, centre, surround, surround).integratedLufs, -23, 0.1);
    within(measure(rate, front, front, centre, centre, surround, surround).integratedLufs, -23, 0.1);
  });

  it("has a steady short-term loudness over a pattern that repeats every 3 s (Tech 3341, 9)", () => {
    within(stereo(rate, ...repeat(5, [-20, 1.34], [-30, 1.66])).maxShortTermLufs, -23, 0.1);
  });

  it("finds 3 s of tone wherever they begin (Tech 3341, 10)", () => {
    for (let i = 0; i < 20; i++) {
      within(stereo(rate, [null, 0.15 * i], [-23, 3], [null, 1]).maxShortTermLufs, -23, 0.1);
    }
  });

  it("finds 3 s of tone at every level (Tech 3341, 11)", () => {
    for (let i = 0; i < 20; i++) {
      const loudness = stereo(rate, [null, 0.15 * i], [-38 + i, 3], [null, 3 - 0.15 * i]);
      within(loudness.maxShortTermLufs, -38 + i, 0.1);
    }
  });

  it("has a steady momentary loudness over a pattern that repeats every 400 ms (Tech 3341, 12)", () => {
    within(stereo(rate, ...repeat(25, [-20, 0.18], [-30, 0.22])).maxMomentaryLufs, -23, 0.1);
  });

  it("finds 400 ms of tone wherever they begin (Tech 3341, 13)", () => {
    for (let i = 0; i < 20; i++) {
      within(stereo(rate, [null, 0.02 * i], [-23, 0.4], [null, 1]).maxMomentaryLufs, -23, 0.1);
    }
  });

  it("finds 400 ms of tone at every level (Tech 3341, 14)", () => {
    for (let i = 0; i < 20; i++) {
      const loudness = stereo(rate, [null, 0.02 * i], [-38 + i, 0.4], [null, 0.4 - 0.02 * i]);
      within(loudness.maxMomentaryLufs, -38 + i, 0.1);
    }
  });

  it.each<readonly [string, number, ReadonlyArray<Segment>]>([
    ["1", 10, [[-20, 20], [-30, 20]]],
    ["2", 5, [[-20, 20], [-15, 20]]],
    ["3", 20, [[-40, 20], [-20, 20]]],
    ["4", 15, [[-50, 20], [-35, 20], [-20, 20], [-35, 20], [-50, 20]]],
  ])("measures the loudness range (Tech 3342, %s: %i LU)", (_, range, segments) => {
    within(stereo(rate, ...segments).rangeLu, range, 1);
  });
});

describe("a loudness meter", () => {
  it.each([8_000, 11_025, 22_050, 44_100, 48_000, 96_000, 192_000, 384_000])(
    "reads −3.01 LUFS for a full-scale sine of 997 Hz in one channel at %i Hz",
    (rate) => {
      const sine = tone(rate, [[0, 3.2]], 997);
      within(measure(rate, sine).integratedLufs, -3.01, 0.02);
      within(measure(rate, sine, new Float32Array(sine.length)).integratedLufs, -3.01, 0.02);
    },
  );

  it("places its windows on a grid of 10 ms", () => {
    const steady = measure(8_000, tone(8_000, [[-20, 5]]));
    for (const start of [0.03, 0.05, 0.38]) {
      const late = measure(8_000, tone(8_000, [[null, start], [-20, 3], [null, 1]]));
      within(late.maxShortTermLufs, steady.maxShortTermLufs ?? NaN, 0.01);
      within(late.maxMomentaryLufs, steady.maxMomentaryLufs ?? NaN, 0.01);
    }
  });

  it("leaves the loudest twentieth and the softest tenth out of the range", () => {
    const loudness = stereo(8_000, [-30, 48], [-38, 4], [-20, 48], [-10, 1], [-20, 1]);
    within(loudness.rangeLu, 10, 0.2);
  });

  it("is linear down to the faintest sound", () => {
    const loud = noise(32_000, 1, 1), faint = loud.map((sample) => sample * 2 ** -40);
    const difference = -40 * 20 * Math.log10(2);
    within(
      measure(8_000, faint).maxShortTermLufs,
      (measure(8_000, loud).maxShortTermLufs ?? NaN) + difference,
      1e-9,
    );
  });

  it("gives every channel the weight of its place", () => {
    const weights = (channels: number) =>
      Array.from({ length: channels }, (_, loud) => {
        const sine = tone(8_000, [[-20, 0.5]], 997), quiet = new Float32Array(sine.length);
        const placed = Array.from({ length: channels }, (_, channel) => channel === loud ? sine : quiet);
        const { integratedLufs } = measure(8_000, ...placed);
        return integratedLufs === null ? 0 : Math.round(100 * 10 ** ((integratedLufs + 23.01) / 10)) / 100;
      });
    assert.deepStrictEqual(weights(1), [1]);
    assert.deepStrictEqual(weights(3), [1, 1, 1]);
    assert.deepStrictEqual(weights(4), [1, 1, 1.41, 1.41]);
    assert.deepStrictEqual(weights(5), [1, 1, 1, 1.41, 1.41]);
    assert.deepStrictEqual(weights(6), [1, 1, 1, 0, 1.41, 1.41]);
    assert.deepStrictEqual(weights(8), [1, 1, 1, 0, 1.41, 1.41, 1.41, 1.41]);
    assert.lengthOf(weights(16), 16);
  });

  it("keeps blocks on exact tenths of a second for as long as it runs, where 10 ms are no whole number of samples", () => {
    // 400 ms of tone on the grid fill blocks by 1/4, 1/2, 3/4, 1, 3/4, 1/2 and 1/4: 4/7 on average. Off the grid it is less.
    const burst = measure(11_025, tone(11_025, [[null, 600], [-20, 0.4], [null, 1]]));
    within(burst.integratedLufs, -23 + 10 * Math.log10(4 / 7), 0.03);
    within(burst.maxMomentaryLufs, -23, 0.03);
  });

  it("is not disturbed by minutes of silence after sound", () => {
    const loud = stereo(8_000, [-20, 4]);
    assert.deepStrictEqual(stereo(8_000, [-20, 4], [null, 300]).maxShortTermLufs, loud.maxShortTermLufs);
  });

  it("measures what is complete: 400 ms for blocks, 3 s for short-term loudness and range", () => {
    const short = stereo(48_000, [-20, 0.399]), block = stereo(48_000, [-20, 0.4]);
    assert.isNull(short.integratedLufs);
    assert.isNull(short.thresholdLufs);
    assert.isNull(short.maxMomentaryLufs);
    within(block.integratedLufs, -20, 0.1);
    within(block.maxMomentaryLufs, -20, 0.1);
    assert.isNull(stereo(48_000, [-20, 2.999]).maxShortTermLufs);
    assert.isNull(stereo(48_000, [-20, 2.999]).rangeLu);
    within(stereo(48_000, [-20, 3]).rangeLu, 0, 0.001);
  });

  it("has no loudness for silence, and none that is integrated below −70 LUFS", () => {
    const nothing = {
      integratedLufs: null,
      rangeLu: null,
      thresholdLufs: null,
      maxMomentaryLufs: null,
      maxShortTermLufs: null,
    };
    assert.deepStrictEqual(stereo(48_000, [null, 5]), nothing);
    assert.deepStrictEqual(stereo(48_000), nothing);
    const faint = stereo(48_000, [-75, 5]);
    assert.deepStrictEqual({ ...faint, maxMomentaryLufs: null, maxShortTermLufs: null }, nothing);
    within(faint.maxShortTermLufs, -75, 0.1);
  });
});
