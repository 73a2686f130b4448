import { Schema } from "effect";

/** The formats a conversion can produce. */
export const OutputFormat = Schema.Literals(["mp3", "m4a", "opus", "ogg", "flac", "wav", "aiff"]);
export type OutputFormat = typeof OutputFormat.Type;

/** What a format can hold, and how it is served. Rates in hertz, bit rates in kilobits a second. */
export interface FormatTraits {
  readonly extension: string;
  readonly mediaType: string;
  /** `null`: every rate up to `maxSampleRate` can be stored. */
  readonly sampleRates: ReadonlyArray<number> | null;
  readonly maxSampleRate: number;
  readonly maxChannels: number;
  /** `null`: lossless, a bit rate cannot be asked for. */
  readonly bitrateKbps: { readonly min: number; readonly max: number; readonly default: number } | null;
}

const mpegRates = [8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000];

/** The traits of each format. */
export const traits: Readonly<Record<OutputFormat, FormatTraits>> = {
  mp3: {
    extension: "mp3",
    mediaType: "audio/mpeg",
    sampleRates: mpegRates,
    maxSampleRate: 48_000,
    maxChannels: 2,
    bitrateKbps: { min: 8, max: 320, default: 192 },
  },
  m4a: {
    extension: "m4a",
    mediaType: "audio/mp4",
    sampleRates: [...mpegRates, 64_000, 88_200, 96_000],
    maxSampleRate: 96_000,
    maxChannels: 8,
    bitrateKbps: { min: 8, max: 512, default: 192 },
  },
  opus: {
    extension: "opus",
    mediaType: "audio/ogg; codecs=opus",
    sampleRates: [8_000, 12_000, 16_000, 24_000, 48_000],
    maxSampleRate: 48_000,
    maxChannels: 8,
    bitrateKbps: { min: 6, max: 510, default: 128 },
  },
  ogg: {
    extension: "ogg",
    mediaType: "audio/ogg; codecs=vorbis",
    sampleRates: null,
    maxSampleRate: 192_000,
    maxChannels: 8,
    bitrateKbps: { min: 32, max: 500, default: 192 },
  },
  flac: {
    extension: "flac",
    mediaType: "audio/flac",
    sampleRates: null,
    maxSampleRate: 384_000,
    maxChannels: 8,
    bitrateKbps: null,
  },
  wav: {
    extension: "wav",
    mediaType: "audio/wav",
    sampleRates: null,
    maxSampleRate: 384_000,
    maxChannels: 16,
    bitrateKbps: null,
  },
  aiff: {
    extension: "aiff",
    mediaType: "audio/aiff",
    sampleRates: null,
    maxSampleRate: 384_000,
    maxChannels: 16,
    bitrateKbps: null,
  },
};
