import { assert, describe, it } from "@effect/vitest";
import { albumLevels, type Track } from "../../../domain/analysis/AlbumLevels.ts";
import { curveOf } from "../../../domain/analysis/AnalysisCurves.ts";
import { type Loudness, LoudnessMeter } from "../../../domain/signal/LoudnessMeter.ts";

const RATE = 8_000;

/** Noise that gets louder or softer second by second. */
const noise = (amplitudes: ReadonlyArray<number>): Float32Array => {
  let state = 7;
  return Float32Array.from({ length: amplitudes.length * RATE }, (_, i) => {
    state = Math.imul(state, 1_664_525) + 1_013_904_223 | 0;
    return (amplitudes[Math.floor(i / RATE)] ?? 0) * state / 2 ** 31;
  });
};

const measured = (samples: Float32Array): Loudness & { readonly momentary: Float32Array } => {
  const meter = new LoudnessMeter(RATE, 1);
  meter.push(samples, samples.length);
  return { ...meter.finish(), momentary: meter.curves().momentary };
};

const trackOf = (samples: Float32Array, truePeakDbtp: number | null, tenths = 1): Track => {
  const { integratedLufs, momentary } = measured(samples);
  return {
    integratedLufs,
    truePeakDbtp,
    decodedSeconds: samples.length / RATE,
    momentary: curveOf(momentary, 0.4, tenths),
  };
};

/** Its last seconds are below the gate of all, not below their own. */
const loud = noise([0.5, 0.4, 0.5, 0.3, 0.5, 0.5]), soft = noise([0.03, 0.02, 0.1, 0.2, 0.1, 0.02]);

describe("the levels of an album", () => {
  it("are gated over all of its recordings, as if they were one", () => {
    const { integratedLufs, truePeakDbtp } = albumLevels([trackOf(loud, -3), trackOf(soft, -9)]);
    const whole = measured(Float32Array.of(...loud, ...soft)).integratedLufs ?? NaN;
    // Played as one, there are three blocks more, across the seam.
    assert.approximately(integratedLufs ?? NaN, whole, 0.1);
    assert.strictEqual(truePeakDbtp, -3);
    const mean = (trackOf(loud, 0).integratedLufs ?? NaN) / 2 + (trackOf(soft, 0).integratedLufs ?? NaN) / 2;
    assert.isAbove(Math.abs(mean - whole), 2);
  });

  it("are those of a single recording, to what curves are rounded to", () => {
    const track = trackOf(soft, -9);
    const { integratedLufs } = albumLevels([track]);
    assert.approximately(integratedLufs ?? NaN, track.integratedLufs ?? NaN, 0.005);
  });

  it("count a recording of coarse curves, or of none, by its own loudness and length", () => {
    const steady = noise([0.2, 0.2, 0.2, 0.2, 0.2, 0.2]);
    const fine = albumLevels([trackOf(loud, -3), trackOf(steady, -9)]).integratedLufs ?? NaN;
    const coarse = [trackOf(steady, -9, 24), { ...trackOf(steady, -9), momentary: null }];
    for (const track of coarse) {
      assert.approximately(albumLevels([trackOf(loud, -3), track]).integratedLufs ?? NaN, fine, 0.05);
    }
  });

  it("leave silence out, and are null where there is nothing else", () => {
    const silent = trackOf(new Float32Array(RATE), null);
    assert.deepStrictEqual(albumLevels([trackOf(loud, -3), silent]), albumLevels([trackOf(loud, -3)]));
    assert.deepStrictEqual(albumLevels([silent]), { integratedLufs: null, truePeakDbtp: null });
  });
});
