import { Array as Arr, Result, Schema } from "effect";
import type { MediaFacts } from "./MediaFacts.ts";
import { LoudnessTarget } from "./Loudness.ts";
import { chapterFormats, CustomChapters } from "./OutputChapters.ts";
import { CustomTags, type Processing, processingFields, processingOf } from "./Processing.ts";
import { BitDepth, OutputFormat, traits } from "./OutputFormat.ts";

/** A safe file name without extension: outputs are addressed and stored by it. */
export const OutputName = Schema.String.check(Schema.isPattern(/^[a-z0-9][a-z0-9_-]{0,62}$/, {
  expected: "1 to 63 small letters, digits, _ or -, of which the first is a letter or a digit",
}));

const BitrateKbps = Schema.Int.check(Schema.isBetween({ minimum: 5, maximum: 640 }));

/** One output as a client asks for it; what is left out follows the source. */
export const OutputRequest = Schema.Struct({
  name: Schema.optionalKey(OutputName),
  format: OutputFormat,
  bitrateKbps: Schema.optionalKey(BitrateKbps),
  /** For adaptive streaming: several, ascending. */
  bitratesKbps: Schema.optionalKey(Schema.NonEmptyArray(BitrateKbps)),
  /** Instead of a bit rate: a place on the scale of the encoder's variable bit rate. */
  quality: Schema.optionalKey(Schema.Finite.check(Schema.isBetween({ minimum: -1, maximum: 10 }))),
  bitDepth: Schema.optionalKey(BitDepth),
  loudness: Schema.optionalKey(LoudnessTarget),
  ...processingFields,
  tags: Schema.optionalKey(CustomTags),
  /** `keep`, unless told: the cover of the conversion, else of the source, where the format holds one. */
  cover: Schema.optionalKey(Schema.Literals(["keep", "none"])),
  /** Instead of those of the source. */
  chapters: Schema.optionalKey(CustomChapters),
  sampleRate: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 8_000, maximum: 384_000 }))),
  channels: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 16 }))),
});
export type OutputRequest = typeof OutputRequest.Type;

/** One output of a conversion, with its name settled. */
export const OutputSpec = Schema.Struct({ ...OutputRequest.fields, name: OutputName });
export type OutputSpec = typeof OutputSpec.Type;

/** The most outputs that one conversion may have. */
export const maxOutputs = 16;

/** The most bytes that they may take as JSON: an event with them, and the facts of its source, is to fit into a message of a bus. */
export const maxOutputsBytes = 262_144;

/** A parameter of an output that its format cannot honour: which one, and what would be valid. */
export interface InvalidOutput {
  readonly field: string;
  readonly detail: string;
}

/**
 * Settles names (the format where none is given) and checks each output against its format. Fails with the first
 * parameter that cannot be honoured; `field` is a path such as `outputs[0].sampleRate`.
 */
export const settle = (
  requests: ReadonlyArray<OutputRequest>,
): Result.Result<ReadonlyArray<OutputSpec>, InvalidOutput> => {
  if (requests.length === 0 || requests.length > maxOutputs) {
    return Result.fail({ field: "outputs", detail: `Ask for 1 to ${maxOutputs} outputs` });
  }
  if (new TextEncoder().encode(JSON.stringify(requests)).length > maxOutputsBytes) {
    return Result.fail({ field: "outputs", detail: `At most ${maxOutputsBytes} bytes of JSON` });
  }
  const specs: Array<OutputSpec> = [];
  for (const [index, request] of requests.entries()) {
    const spec = { ...request, name: request.name ?? request.format };
    const problem = specs.some((other) => other.name === spec.name)
      ? { field: "name", detail: `Two outputs are called "${spec.name}": give each a name of its own` }
      : misfit(spec) ?? contradiction(spec) ?? strayAlbum(spec, specs);
    if (problem) return Result.fail({ field: `outputs[${index}].${problem.field}`, detail: problem.detail });
    specs.push(spec);
  }
  return Result.succeed(specs);
};

const misfit = (spec: OutputSpec): InvalidOutput | null => {
  const { format, bitrateKbps, bitratesKbps, quality, bitDepth, sampleRate, channels, chapters = [] } = spec;
  const { bitrateKbps: range, quality: scale, bitDepths, sampleRates, maxSampleRate, maxChannels } =
    traits[format];
  if (bitratesKbps !== undefined) {
    const detail = misfitOfRates(bitratesKbps, bitrateKbps, format);
    if (detail !== null) return { field: "bitratesKbps", detail };
  }
  if (bitrateKbps !== undefined && range === null) {
    return { field: "bitrateKbps", detail: `${format} is lossless and takes no bit rate` };
  }
  if (bitrateKbps !== undefined && range && (bitrateKbps < range.min || bitrateKbps > range.max)) {
    return { field: "bitrateKbps", detail: `${format} takes ${range.min} to ${range.max} kbit/s` };
  }
  const most = highestKbps(format, sampleRate ?? maxSampleRate, channelsOf(spec) ?? maxChannels);
  if ([bitrateKbps ?? 0, ...bitratesKbps ?? []].some((kbps) => kbps > most)) {
    return {
      field: bitrateKbps === undefined ? "bitratesKbps" : "bitrateKbps",
      detail: `${format} takes at most ${most} kbit/s at that sample rate, in so many channels`,
    };
  }
  if (quality !== undefined && bitrateKbps !== undefined) {
    return { field: "quality", detail: "Ask for a bit rate or a quality, not for both" };
  }
  if (quality !== undefined && scale === null) {
    return { field: "quality", detail: `${format} has no scale of quality` };
  }
  if (quality !== undefined && scale && (quality < scale.min || quality > scale.max)) {
    return {
      field: "quality",
      detail: `${format} takes ${scale.min} to ${scale.max}, ${scale.best} is best`,
    };
  }
  if (bitDepth !== undefined && !bitDepths?.includes(bitDepth)) {
    const detail = bitDepths
      ? `${format} takes ${bitDepths.join(", ")}`
      : `${format} is lossy and takes none`;
    return { field: "bitDepth", detail };
  }
  if (sampleRate !== undefined && sampleRates && !sampleRates.includes(sampleRate)) {
    return { field: "sampleRate", detail: `${format} takes ${sampleRates.join(", ")} Hz` };
  }
  if (sampleRate !== undefined && sampleRate > maxSampleRate) {
    return { field: "sampleRate", detail: `${format} takes at most ${maxSampleRate} Hz` };
  }
  if (channels !== undefined && channels > maxChannels) {
    return { field: "channels", detail: `${format} takes at most ${maxChannels} channels` };
  }
  return chapters.length > 0 && !chapterFormats.includes(format)
    ? { field: "chapters", detail: `${format} holds no chapters` }
    : null;
};

const misfitOfRates = (
  rates: ReadonlyArray<number>,
  bitrateKbps: number | undefined,
  format: OutputFormat,
): string | null => {
  const { bitrateKbps: range, bitratesKbps: several } = traits[format];
  if (range === null || several === null) return `${format} does not take several bit rates`;
  if (bitrateKbps !== undefined) return "Ask for one bit rate or for several, not for both";
  if (rates.length > several.max) return `${format} takes at most ${several.max} bit rates`;
  if (rates.some((rate, index) => rate <= (rates[index - 1] ?? 0))) {
    return "The bit rates must be different, and ascend";
  }
  return rates.some((rate) => rate < range.min || rate > range.max)
    ? `${format} takes ${range.min} to ${range.max} kbit/s`
    : null;
};

/** What an output's processing asks for at odds with itself. */
const contradiction = (
  { trim, channelSelect, channels, loudness, gainDb, chapters = [] }: OutputSpec,
): InvalidOutput | null => {
  if (trim?.endSeconds !== undefined && trim.endSeconds <= trim.startSeconds) {
    return { field: "trim.endSeconds", detail: "The end must come after the start" };
  }
  if (channelSelect !== undefined && channels !== undefined && channels !== 1) {
    return { field: "channels", detail: "One channel is mono" };
  }
  const early = chapters.findIndex((chapter, index) =>
    chapter.startSeconds <= (chapters[index - 1]?.startSeconds ?? -1)
  );
  if (early >= 0) {
    return {
      field: `chapters[${early}].startSeconds`,
      detail: "Each chapter must begin after the one before",
    };
  }
  if (loudness?.album && loudness.mode === "limit") {
    return { field: "loudness.mode", detail: "An album has one gain, and no limiter" };
  }
  return loudness && gainDb !== undefined
    ? { field: "gainDb", detail: "The loudness decides the gain: ask for one or the other" }
    : null;
};

/** All outputs of a conversion belong to one album. */
const strayAlbum = ({ loudness }: OutputSpec, others: ReadonlyArray<OutputSpec>): InvalidOutput | null => {
  const keyOf = (album: ReadonlyArray<string>) => [...new Set(album)].sort().join();
  const album = others.find((other) => other.loudness?.album)?.loudness?.album;
  return loudness?.album && album && keyOf(loudness.album) !== keyOf(album)
    ? {
      field: "loudness.album",
      detail: "Outputs of one conversion belong to one album: name the same uploads",
    }
    : null;
};

/** What an output will be encoded with: every value decided. */
export interface Encoding {
  readonly name: string;
  readonly format: OutputFormat;
  readonly sampleRate: number;
  readonly channels: number;
  /** `null` for lossless formats, where the quality decides, and where there are several. */
  readonly bitrateKbps: number | null;
  /** Those of the variants for adaptive streaming; `null` for an output in one file. */
  readonly bitratesKbps: Arr.NonEmptyReadonlyArray<number> | null;
  readonly quality: number | null;
  /** `null` for lossy formats, and where the source decides: 24 bits where it has more than 16, else 16. */
  readonly bitDepth: BitDepth | null;
  readonly loudness: LoudnessTarget | null;
  readonly processing: Processing;
  readonly tags: Readonly<Record<string, string>>;
  readonly cover: "keep" | "none";
  /** `null`: those of the source. */
  readonly chapters: CustomChapters | null;
}

/**
 * The encoding of an output for a source: asked values as they are, but a bit rate no higher than the format takes for such a source;
 * otherwise the source's channels, up to what the format holds, and the source's rate, or the nearest higher one that the format knows.
 */
export const encodingFor = (
  spec: OutputSpec,
  source: Pick<MediaFacts, "sampleRate" | "channels">,
): Encoding => {
  const { bitrateKbps, bitratesKbps, sampleRates, maxSampleRate, maxChannels } = traits[spec.format];
  const nearest = sampleRates?.find((rate) => rate >= source.sampleRate) ?? maxSampleRate;
  const sampleRate = spec.sampleRate ??
    (sampleRates ? nearest : Math.min(source.sampleRate, maxSampleRate));
  const channels = channelsOf(spec) ?? Math.min(source.channels, maxChannels);
  const asked = spec.bitrateKbps ?? bitrateKbps?.default ?? null;
  return {
    name: spec.name,
    format: spec.format,
    sampleRate,
    channels,
    bitrateKbps: spec.quality === undefined && asked !== null && !bitratesKbps
      ? Math.min(asked, highestKbps(spec.format, sampleRate, channels))
      : null,
    bitratesKbps: bitratesKbps &&
      (spec.bitratesKbps ?? (spec.bitrateKbps === undefined ? bitratesKbps.default : [spec.bitrateKbps])),
    quality: spec.quality ?? null,
    bitDepth: spec.bitDepth ?? null,
    loudness: spec.loudness ?? null,
    processing: processingOf(spec),
    tags: spec.tags ?? {},
    cover: spec.cover ?? "keep",
    chapters: spec.chapters ?? null,
  };
};

/** What a format takes at most at a sample rate and in a number of channels, in kilobits a second; no limit for one without loss. */
const highestKbps = (format: OutputFormat, sampleRate: number, channels: number): number =>
  Math.floor(traits[format].highestKbps?.(sampleRate, channels) ?? Infinity);

/** The channels that are asked for; `undefined` where the source decides. */
const channelsOf = ({ channels, channelSelect }: OutputSpec): number | undefined =>
  channels ?? (channelSelect === undefined ? undefined : 1);

/** What is to be encoded for an output: a variant for each of its bit rates, or only itself. */
export const variantsOf = (encoding: Encoding): Arr.NonEmptyReadonlyArray<Encoding> =>
  encoding.bitratesKbps === null
    ? [encoding]
    : Arr.map(encoding.bitratesKbps, (bitrateKbps) => ({ ...encoding, bitrateKbps, bitratesKbps: null }));
