/** What an analysis tells of music, of faulty stereo and of silence, against a process of its own on embedded parts. */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest";
import { createHash } from "node:crypto";
import { music, silence, sine, type Sound, wav } from "../support/Audio.ts";
import { pixelsOf } from "../support/Pixels.ts";
import { assertProblem } from "../support/Problems.ts";
import { endAll, eventually, type Json, settled, startService, upload } from "../support/RunningService.ts";

const service = await startService({});
afterAll(endAll);

const submit = async (sound: Sound): Promise<string> => {
  const { id } = await upload(service, new Uint8Array(wav(sound)));
  assert.containsSubset(await settled(service, id), { status: "ready", analysis: { status: "completed" } });
  return id;
};

const analysed = async (sound: Sound): Promise<Json> =>
  service.json(`/uploads/${await submit(sound)}/analysis`);

/** The same on the left, and `right` of it on the right. */
const stereo = (right: (sample: number) => number): Sound => {
  const sound = sine({ seconds: 2 });
  return { ...sound, samples: sound.samples.map((sample, i) => i % 2 === 0 ? sample : right(sample)) };
};

describe("the analysis of music", () => {
  const file = new Uint8Array(wav(music()));
  let id = "", measured: Json;

  it("tells tempo, key, stereo image, spectrum and checksum", async () => {
    ({ id } = await upload(service, file));
    await settled(service, id);
    measured = await service.json(`/uploads/${id}/analysis`);
    const { tempo, key, signal, checksum, errors, warnings, links } = measured;
    assert.approximately(tempo.bpm, 120, 1);
    assert.isAbove(tempo.confidence, 0);
    assert.isNotEmpty(tempo.candidates);
    assert.containsSubset(key, { tonic: "A", mode: "minor", name: "A minor" });
    assert.isNotEmpty(key.candidates);
    assert.approximately(signal.stereoCorrelation, 0, 0.1);
    assert.approximately(signal.balanceDb, 0, 3);
    assert.strictEqual(signal.spectrum.bands.length, 32);
    assert.isAbove(signal.spectrum.centroidHz, 100);
    assert.isBelow(signal.spectrum.centroidHz, 4_000);
    assert.strictEqual(checksum, createHash("sha256").update(file).digest("hex"));
    assert.deepStrictEqual([errors, warnings], [{}, []]);
    assert.strictEqual(links.curves, `/api/v1/uploads/${id}/analysis/curves`);
  });

  it("has curves of loudness, and the beats", async () => {
    const response = await service.call(`/uploads/${id}/analysis/curves`);
    assert.match(response.headers.get("content-type") ?? "", /^application\/json/);
    const { momentary, shortTerm, beats } = await response.json();
    assert.containsSubset([momentary, shortTerm], [{ startSeconds: 0.4, stepSeconds: 0.1 }, {
      startSeconds: 3,
      stepSeconds: 1,
    }]);
    assert.deepStrictEqual([momentary.lufs.length, shortTerm.lufs.length], [117, 10]);
    assert.approximately(Math.max(...momentary.lufs), measured.loudness.maxMomentaryLufs, 0.3);
    assert.approximately(Math.max(...shortTerm.lufs), measured.loudness.maxShortTermLufs, 0.3);
    assert.isAbove(beats.length, 15);
    for (const beat of beats.slice(1, -1)) assert.approximately(2 * beat, Math.round(2 * beat), 0.1);
  });
});

describe("the pictures of music", () => {
  let id = "";
  beforeAll(async () => {
    id = await submit(music());
  });

  const picture = async (path: string) => {
    const response = await service.call(`/uploads/${id}/${path}`);
    assert.deepStrictEqual([response.status, response.headers.get("content-type")], [200, "image/png"]);
    return pixelsOf(new Uint8Array(await response.arrayBuffer()));
  };

  /** The colours of a picture, without their opacity. */
  const coloursOf = (pixels: ReadonlyArray<ReadonlyArray<number>>) =>
    new Set(pixels.filter(([, , , opacity]) => opacity !== 0).map((pixel) => pixel.slice(0, 3).join(" ")));

  it("show the waveform, in the colours and the size that are asked for", async () => {
    const plain = await picture("waveform?format=png&color=ff0000");
    assert.deepStrictEqual([plain.width, plain.height], [800, 160]);
    assert.deepStrictEqual(coloursOf(plain.pixels), new Set(["255 0 0"]));
    // Level inside peaks, on nothing.
    const opacities = new Set(plain.pixels.map(([, , , opacity]) => opacity));
    for (const opacity of [0, 128, 255]) assert.include(opacities, opacity);

    const half = await picture(
      "waveform?format=png&width=200&height=50&scale=2&progress=0.5&unplayed=00ff00",
    );
    assert.deepStrictEqual([half.width, half.height], [400, 100]);
    const left = half.pixels.filter((_, at) => at % 400 < 200),
      right = half.pixels.filter((_, at) => at % 400 >= 200);
    assert.deepStrictEqual([coloursOf(left), coloursOf(right)], [
      new Set(["37 99 235"]),
      new Set(["0 255 0"]),
    ]);

    const opaque = await picture("waveform?format=png&background=ffffff");
    assert.deepStrictEqual(new Set(opaque.pixels.map(([, , , opacity]) => opacity)), new Set([255]));
  });

  it("show a stretch of the waveform", async () => {
    // The first half of a second is one decaying chord; the last is past the end.
    const stretch = await picture("waveform?format=png&zoom=256&width=86&height=100&start=11.75");
    const tall = (from: number, to: number) =>
      stretch.pixels.filter(([, , , opacity], at) => opacity !== 0 && at % 86 >= from && at % 86 < to)
        .length / (to - from);
    assert.isAbove(tall(0, 40), 2.5);
    assert.strictEqual(tall(45, 86), 2);
  });

  it("show the spectrogram: where there is sound it is light", async () => {
    const { width, height, pixels } = await picture("spectrogram");
    assert.deepStrictEqual([width, height], [800, 256]);
    const light = ([red = 0, green = 0, blue = 0]: ReadonlyArray<number>) => red + green + blue;
    const mean = (from: number, to: number) =>
      pixels.slice(from * width, to * width).reduce((sum, pixel) => sum + light(pixel), 0) / width /
      (to - from);
    // The highest harmonic is at 1,397 Hz.
    assert.isAbove(mean(190, 256), 3 * mean(0, 60));
    const large = await picture("spectrogram?width=300&height=100&scale=2&range=40");
    assert.deepStrictEqual([large.width, large.height], [600, 200]);
  });
});

describe("the analysis of faulty stereo", () => {
  it.each([
    ["that is mono", stereo((sample) => sample), ["MONO_AS_STEREO"], 1],
    ["with one channel turned over", stereo((sample) => -sample), ["INVERTED_PHASE"], -1],
    ["with one channel off zero", stereo((sample) => sample + 0.2), ["DC_OFFSET"], 0.87],
  ])("%s warns of it", async (_, sound, expected, correlation) => {
    const { warnings, signal } = await analysed(sound);
    assert.deepStrictEqual(warnings, expected);
    assert.approximately(signal.stereoCorrelation, correlation, 0.01);
  });
});

describe("the analysis of silence", () => {
  it("has nulls for all that silence does not have, and no curve", async () => {
    const id = await submit(silence({ seconds: 4 }));
    const { tempo, key, signal, errors } = await service.json(`/uploads/${id}/analysis`);
    assert.deepStrictEqual([tempo, key, signal.spectrum, signal.stereoCorrelation, signal.balanceDb], [
      null,
      null,
      null,
      null,
      null,
    ]);
    assert.deepStrictEqual(errors, {});
    const { momentary, shortTerm, beats } = await service.json(`/uploads/${id}/analysis/curves`);
    assert.deepStrictEqual([new Set(momentary.lufs), new Set(shortTerm.lufs)], [
      new Set([null]),
      new Set([null]),
    ]);
    assert.deepStrictEqual(beats, []);
    const response = await service.call(`/uploads/${id}/spectrogram`);
    const { pixels } = pixelsOf(new Uint8Array(await response.arrayBuffer()));
    assert.strictEqual(new Set(pixels.map(String)).size, 1);
  });

  it("is not told of an upload that has none", async () => {
    const { id } = await upload(service, new Uint8Array(wav(sine())), { process: { analysis: false } });
    await eventually(() => service.json(`/uploads/${id}`), ({ status }) => status === "ready");
    for (const path of ["analysis/curves", "spectrogram", "waveform?format=png"]) {
      await assertProblem(await service.call(`/uploads/${id}/${path}`), "NOT_FOUND");
    }
  });
});
