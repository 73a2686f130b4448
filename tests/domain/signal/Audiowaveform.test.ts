/**
 * Against the output of BBC audiowaveform 1.10, which was given the frames below as WAV files of 44,100 Hz, two channels and 16, 24 or 32
 * (floating-point) bits: `audiowaveform -i x.wav -o x.dat -z 4 -b 16` and, apart, `--split-channels`; JSON with `-z 8 -b 8`.
 */
import { assert, describe, it } from "@effect/vitest";
import { Buffer } from "node:buffer";
import type { SampleKind } from "../../../domain/signal/SampleKind.ts";
import { encodeDat, encodeJson } from "../../../domain/signal/WaveformFormat.ts";
import { WaveformMeter, zoom } from "../../../domain/signal/WaveformPeaks.ts";
import { keepPixels, type Pixels } from "./Pixels.ts";

/** 22 frames of noise as integers of 24 bits. */
const frames = Array.from(
  { length: 44 },
  ((state) => () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state >>> 8) - 2 ** 23;
  })(1),
);

const samples24 = Float32Array.from(frames, (value) => value / 2 ** 23);
const samples16 = Float32Array.from(frames, (value) => (value >> 8) / 2 ** 15);

const measure = (samples: Float32Array, kind: SampleKind): Pixels => {
  const pixels = keepPixels(2);
  const meter = new WaveformMeter(44_100, 2, pixels, { samplesPerPixel: 4, samples: kind });
  // The second chunk begins within a pixel.
  meter.push(samples, 9);
  meter.push(samples.subarray(18), 13);
  return pixels.take(meter.finish());
};

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

const integerMix = "010000000000000044ac00000400000006000000" +
  "c4b55c2aefd3bc3605a9661b25ebd10de3f7104b7cc36377";
const integerSplit = "020000000000000044ac0000040000000600000002000000" +
  "f08c564688de73343884371720ec187b0f92635cc29a0d083ba1426e61ad3b408ad503604c0c8d7eaba72d754ddf9979";
const floatMix = "010000000000000044ac00000400000006000000" +
  "c6b55c2af0d3bb3607a9651b25ebd20de4f7104b7ec36277";
const floatSplit = "020000000000000044ac0000040000000600000002000000" +
  "f28c564689de72343a84371722ec177b1192625cc49a0d083da1416e63ad3a408cd502604c0c8c7eada72c754edf9879";
const json = '{"version":2,"channels":2,"sample_rate":44100,"samples_per_pixel":8,"bits":8,"length":3,' +
  '"data":[-123,70,-33,123,-109,110,-101,64,-88,117,-32,126]}\n';

describe("a waveform is byte for byte that of audiowaveform", () => {
  it.each(
    [
      ["16 bits", samples16, "integer", integerMix, integerSplit],
      ["24 bits", samples24, "integer", integerMix, integerSplit],
      ["floating point", samples24, "float", floatMix, floatSplit],
    ] as const,
  )("of %s, mixed and with the channels apart", (_, samples, kind, mix, split) => {
    const waveform = measure(samples, kind);
    assert.strictEqual(hex(encodeDat(waveform.mix, 16)), mix);
    assert.strictEqual(hex(encodeDat(waveform.apart, 16)), split);
  });

  it("as JSON", () => {
    const channels = zoom(measure(samples16, "integer").apart, 8);
    assert.strictEqual(encodeJson(channels, 8), json);
  });
});
