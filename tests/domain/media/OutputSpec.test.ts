import { assert, describe, it } from "@effect/vitest";
import { Result, Schema } from "effect";
import { UploadId } from "../../../domain/Id.ts";
import { bounds } from "../../../domain/media/MediaFacts.ts";
import { OutputFormat, traits } from "../../../domain/media/OutputFormat.ts";
import {
  encodingFor,
  maxOutputs,
  OutputRequest,
  type OutputSpec,
  settle,
  variantsOf,
} from "../../../domain/media/OutputSpec.ts";

const one = UploadId.make(`upl_${"1".repeat(26)}`), other = UploadId.make(`upl_${"2".repeat(26)}`);

const problemOf = (...requests: ReadonlyArray<OutputRequest>) =>
  Result.getOrThrow(Result.flip(settle(requests)));

describe("settle", () => {
  it("names an output after its format where no name is given, and keeps the rest as it is", () => {
    const settled = settle([
      { format: "mp3", bitrateKbps: 320, sampleRate: 44_100, channels: 2 },
      { name: "archive", format: "flac" },
      { format: "flac" },
    ]);
    assert.deepStrictEqual(
      settled,
      Result.succeed([
        { name: "mp3", format: "mp3", bitrateKbps: 320, sampleRate: 44_100, channels: 2 },
        { name: "archive", format: "flac" },
        { name: "flac", format: "flac" },
      ]),
    );
  });

  it("takes 1 to 16 outputs", () => {
    const many = (length: number) =>
      Array.from({ length }, (_, index): OutputRequest => ({ name: `output-${index}`, format: "mp3" }));
    assert.isTrue(Result.isSuccess(settle(many(1))));
    assert.isTrue(Result.isSuccess(settle(many(maxOutputs))));
    assert.deepStrictEqual(problemOf(), { field: "outputs", detail: "Ask for 1 to 16 outputs" });
    assert.deepStrictEqual(problemOf(...many(maxOutputs + 1)), {
      field: "outputs",
      detail: "Ask for 1 to 16 outputs",
    });
  });

  it("takes chapters of all outputs up to 256 KiB", () => {
    const chaptersOf = (title: string) =>
      Array.from({ length: 255 }, (_, startSeconds) => ({ startSeconds, title }));
    const outputs = (title: string) =>
      Array.from(
        { length: 7 },
        (_, i): OutputRequest => ({ name: `o${i}`, format: "mp3", chapters: chaptersOf(title) }),
      );
    assert.isTrue(Result.isSuccess(settle(outputs("x".repeat(100)))));
    assert.strictEqual(problemOf(...outputs("ö".repeat(100))).field, "outputs");
  });

  it("refuses two outputs of the same name, given or taken from the format", () => {
    assert.strictEqual(problemOf({ format: "mp3" }, { format: "mp3" }).field, "outputs[1].name");
    assert.strictEqual(problemOf({ format: "mp3" }, { name: "mp3", format: "ogg" }).field, "outputs[1].name");
    assert.strictEqual(
      problemOf({ name: "a", format: "mp3" }, { format: "ogg" }, { name: "a", format: "wav" }).field,
      "outputs[2].name",
    );
  });

  const misfits: ReadonlyArray<readonly [OutputRequest, field: string, detail: string]> = [
    [{ format: "flac", bitrateKbps: 128 }, "bitrateKbps", "flac is lossless and takes no bit rate"],
    [{ format: "mp3", bitrateKbps: 7 }, "bitrateKbps", "mp3 takes 8 to 320 kbit/s"],
    [{ format: "mp3", bitrateKbps: 321 }, "bitrateKbps", "mp3 takes 8 to 320 kbit/s"],
    [
      { format: "opus", bitrateKbps: 257, channels: 1 },
      "bitrateKbps",
      "opus takes at most 256 kbit/s at that sample rate, in so many channels",
    ],
    [
      { format: "opus", bitrateKbps: 257, channelSelect: 1 },
      "bitrateKbps",
      "opus takes at most 256 kbit/s at that sample rate, in so many channels",
    ],
    [
      { format: "mp3", bitrateKbps: 65, sampleRate: 12_000 },
      "bitrateKbps",
      "mp3 takes at most 64 kbit/s at that sample rate, in so many channels",
    ],
    [
      { format: "mp3", bitrateKbps: 161, sampleRate: 24_000 },
      "bitrateKbps",
      "mp3 takes at most 160 kbit/s at that sample rate, in so many channels",
    ],
    [
      { format: "m4a", bitrateKbps: 133, sampleRate: 22_050, channels: 1 },
      "bitrateKbps",
      "m4a takes at most 132 kbit/s at that sample rate, in so many channels",
    ],
    [
      { format: "hls", bitratesKbps: [64, 97], sampleRate: 16_000, channels: 1 },
      "bitratesKbps",
      "hls takes at most 96 kbit/s at that sample rate, in so many channels",
    ],
    [{ format: "ogg", bitrateKbps: 31 }, "bitrateKbps", "ogg takes 32 to 500 kbit/s"],
    [{ format: "opus", sampleRate: 44_100 }, "sampleRate", "opus takes 8000, 12000, 16000, 24000, 48000 Hz"],
    [{ format: "ogg", sampleRate: 192_001 }, "sampleRate", "ogg takes at most 192000 Hz"],
    [{ format: "mp3", channels: 3 }, "channels", "mp3 takes at most 2 channels"],
    [{ format: "flac", channels: 9 }, "channels", "flac takes at most 8 channels"],
    [{ format: "amr", channels: 2 }, "channels", "amr takes at most 1 channels"],
    [{ format: "amr", sampleRate: 16_000 }, "sampleRate", "amr takes 8000 Hz"],
    [{ format: "ac3", bitrateKbps: 63 }, "bitrateKbps", "ac3 takes 64 to 640 kbit/s"],
    [{ format: "mp3", quality: 9.1 }, "quality", "mp3 takes 0 to 9, 0 is best"],
    [{ format: "ogg", quality: -1.1 }, "quality", "ogg takes -1 to 10, 10 is best"],
    [{ format: "opus", quality: 5 }, "quality", "opus has no scale of quality"],
    [
      { format: "mp3", quality: 2, bitrateKbps: 128 },
      "quality",
      "Ask for a bit rate or a quality, not for both",
    ],
    [{ format: "mp3", bitDepth: 16 }, "bitDepth", "mp3 is lossy and takes none"],
    [{ format: "m4a", bitratesKbps: [64] }, "bitratesKbps", "m4a does not take several bit rates"],
    [{ format: "flac", bitratesKbps: [64] }, "bitratesKbps", "flac does not take several bit rates"],
    [
      { format: "hls", bitratesKbps: [64], bitrateKbps: 64 },
      "bitratesKbps",
      "Ask for one bit rate or for several, not for both",
    ],
    [
      { format: "hls", bitratesKbps: [8, 9, 10, 11, 12, 13, 14] },
      "bitratesKbps",
      "hls takes at most 6 bit rates",
    ],
    [
      { format: "dash", bitratesKbps: [64, 64] },
      "bitratesKbps",
      "The bit rates must be different, and ascend",
    ],
    [
      { format: "dash", bitratesKbps: [128, 64] },
      "bitratesKbps",
      "The bit rates must be different, and ascend",
    ],
    [{ format: "dash", bitratesKbps: [7, 64] }, "bitratesKbps", "dash takes 8 to 512 kbit/s"],
    [{ format: "hls", bitratesKbps: [64, 513] }, "bitratesKbps", "hls takes 8 to 512 kbit/s"],
    [{ format: "hls", bitrateKbps: 513 }, "bitrateKbps", "hls takes 8 to 512 kbit/s"],
    [{ format: "flac", bitDepth: "float" }, "bitDepth", "flac takes 16, 24"],
    [{ format: "ac3", chapters: [{ startSeconds: 0, title: "One" }] }, "chapters", "ac3 holds no chapters"],
  ];
  const contradictions: ReadonlyArray<readonly [OutputRequest, field: string, detail: string]> = [
    [
      { format: "mp3", trim: { startSeconds: 2, endSeconds: 2 } },
      "trim.endSeconds",
      "The end must come after the start",
    ],
    [{ format: "mp3", channelSelect: 0, channels: 2 }, "channels", "One channel is mono"],
    [
      { format: "mp3", chapters: [5, 7, 7].map((startSeconds) => ({ startSeconds, title: "Part" })) },
      "chapters[2].startSeconds",
      "Each chapter must begin after the one before",
    ],
    [
      { format: "mp3", gainDb: 3, loudness: { targetLufs: -16 } },
      "gainDb",
      "The loudness decides the gain: ask for one or the other",
    ],
    [
      { format: "mp3", loudness: { targetLufs: -16, mode: "limit", album: [one] } },
      "loudness.mode",
      "An album has one gain, and no limiter",
    ],
  ];
  it.each([...misfits, ...contradictions])(
    "refuses %j",
    (request, field, detail) =>
      assert.deepStrictEqual(problemOf({ format: "wav" }, request), { field: `outputs[1].${field}`, detail }),
  );

  it("refuses outputs of two albums, in whatever order their uploads are named", () => {
    const ask = (name: string, ...album: ReadonlyArray<UploadId>): OutputRequest => ({
      name,
      format: "mp3",
      loudness: { targetLufs: -16, album },
    });
    assert.isTrue(
      Result.isSuccess(settle([ask("a", one, other), { format: "wav" }, ask("b", other, one, one)])),
    );
    assert.strictEqual(problemOf(ask("a", one, other), ask("b", one)).field, "outputs[1].loudness.album");
  });

  const fits: ReadonlyArray<OutputRequest> = [
    { format: "mp3", bitrateKbps: 8 },
    { format: "mp3", bitrateKbps: 320 },
    { format: "opus", bitrateKbps: 6, sampleRate: 48_000, channels: 8 },
    { format: "ogg", sampleRate: 192_000 },
    { format: "mp3", quality: 0 },
    { format: "ogg", quality: -1 },
    { format: "wav", bitDepth: "float" },
    { format: "ac3", bitrateKbps: 640, channels: 6 },
    { format: "wav", sampleRate: 384_000, channels: 16 },
    { format: "hls", bitratesKbps: [8, 16, 32, 64, 128, 512] },
    { format: "dash", bitrateKbps: 96, sampleRate: 48_000, channels: 6 },
    { format: "wav", cover: "keep", chapters: [] },
    { format: "mp3", chapters: [{ startSeconds: 0, title: "One" }, { startSeconds: 0.001, title: "Two" }] },
  ];
  it.each(fits)("takes %j", (request) => assert.isTrue(Result.isSuccess(settle([request]))));
});

const spec = (format: OutputFormat): OutputSpec => ({ name: "output", format });

describe("encodingFor", () => {
  const choices: ReadonlyArray<readonly [format: OutputFormat, source: number, chosen: number]> = [
    ["mp3", 44_100, 44_100],
    ["mp3", 44_056, 44_100],
    ["mp3", 96_000, 48_000],
    ["mp3", 2_000, 8_000],
    ["m4a", 50_000, 64_000],
    ["m4a", 192_000, 96_000],
    ["opus", 44_100, 48_000],
    ["opus", 22_050, 24_000],
    ["ogg", 44_056, 44_056],
    ["ogg", 384_000, 192_000],
    ["flac", 384_000, 384_000],
    ["wav", 2_000, 2_000],
  ];
  it.each(choices)(
    "makes %s of %i Hz with %i Hz",
    (format, source, chosen) =>
      assert.strictEqual(encodingFor(spec(format), { sampleRate: source, channels: 2 }).sampleRate, chosen),
  );

  it("keeps the source's channels up to what the format holds", () => {
    const channelsOf = (format: OutputFormat, channels: number) =>
      encodingFor(spec(format), { sampleRate: 48_000, channels }).channels;
    assert.strictEqual(channelsOf("mp3", 1), 1);
    assert.strictEqual(channelsOf("mp3", 6), 2);
    assert.strictEqual(channelsOf("flac", 16), 8);
    assert.strictEqual(channelsOf("wav", 16), 16);
  });

  it("takes the format's bit rate where none is asked for, and none for a lossless format", () => {
    const source = { sampleRate: 48_000, channels: 2 };
    assert.strictEqual(encodingFor(spec("opus"), source).bitrateKbps, 128);
    assert.strictEqual(encodingFor({ ...spec("opus"), bitrateKbps: 6 }, source).bitrateKbps, 6);
    const high = { ...spec("opus"), bitrateKbps: 510 };
    assert.strictEqual(encodingFor(high, { ...source, channels: 2 }).bitrateKbps, 510);
    assert.strictEqual(encodingFor(high, { ...source, channels: 1 }).bitrateKbps, 256);
    const low = { sampleRate: 16_000, channels: 1 };
    assert.strictEqual(encodingFor(spec("mp3"), low).bitrateKbps, 160);
    assert.strictEqual(encodingFor(spec("aac"), low).bitrateKbps, 96);
    assert.isNull(encodingFor(spec("flac"), source).bitrateKbps);
  });

  it("takes several bit rates for streaming: those that are asked for, or the one, or the format's", () => {
    const ratesOf = (asked: Partial<OutputSpec>) =>
      variantsOf(encodingFor({ ...spec("hls"), ...asked }, { sampleRate: 48_000, channels: 2 }))
        .map(({ bitrateKbps, bitratesKbps }) => [bitrateKbps, bitratesKbps]);
    assert.deepStrictEqual(ratesOf({}), [[64, null], [128, null], [256, null]]);
    assert.deepStrictEqual(ratesOf({ bitratesKbps: [32, 48] }), [[32, null], [48, null]]);
    assert.deepStrictEqual(ratesOf({ bitrateKbps: 96 }), [[96, null]]);
    const mp3 = encodingFor(spec("mp3"), { sampleRate: 48_000, channels: 2 });
    assert.deepStrictEqual(variantsOf(mp3), [mp3]);
  });

  it("has one channel where one is selected", () => {
    const source = { sampleRate: 48_000, channels: 6 };
    assert.strictEqual(encodingFor({ ...spec("flac"), channelSelect: 5 }, source).channels, 1);
  });

  it("takes no bit rate where a quality is asked for", () => {
    const { bitrateKbps, quality } = encodingFor({ ...spec("mp3"), quality: 2 }, {
      sampleRate: 48_000,
      channels: 2,
    });
    assert.deepStrictEqual([bitrateKbps, quality], [null, 2]);
  });

  it("does what is asked for, whatever the source", () => {
    const asked = { name: "a", format: "mp3", bitrateKbps: 64, sampleRate: 22_050, channels: 1 } as const;
    assert.deepStrictEqual(encodingFor(asked, { sampleRate: 96_000, channels: 6 }), {
      ...asked,
      bitratesKbps: null,
      quality: null,
      bitDepth: null,
      loudness: null,
      processing: {},
      tags: {},
      cover: "keep",
      chapters: null,
    });
  });

  const Source = Schema.Struct({
    sampleRate: Schema.Int.check(
      Schema.isBetween({ minimum: bounds.sampleRate.min, maximum: bounds.sampleRate.max }),
    ),
    channels: Schema.Int.check(
      Schema.isBetween({ minimum: bounds.channels.min, maximum: bounds.channels.max }),
    ),
  });
  it.prop(
    "decides nothing that the format cannot hold, for every output that is settled and every source",
    [Schema.NonEmptyArray(OutputRequest), Source],
    ([requests, source]) => {
      for (const settled of requests.map((request) => settle([request]))) {
        if (Result.isFailure(settled)) continue;
        for (const spec of settled.success) {
          const { sampleRates, maxSampleRate, maxChannels, bitrateKbps: range } = traits[spec.format];
          const encoding = encodingFor(spec, source);
          const { sampleRate, channels } = encoding;
          assert.isTrue(sampleRates?.includes(sampleRate) ?? true, `${sampleRate} Hz`);
          assert.isAtMost(sampleRate, maxSampleRate);
          assert.isAtMost(channels, maxChannels);
          for (const { bitrateKbps } of variantsOf(encoding)) {
            if (range === null || spec.quality !== undefined) assert.isNull(bitrateKbps);
            else assert.isTrue(bitrateKbps !== null && bitrateKbps >= range.min && bitrateKbps <= range.max);
          }
        }
      }
    },
  );
});
