import { Schema } from "effect";

/** The formats a conversion can produce. */
export const OutputFormat = Schema.Literals([
  ...["mp3", "m4a", "aac", "opus", "ogg", "flac", "alac", "wav", "aiff", "wma", "amr", "ac3"] as const,
  ...["hls", "dash"] as const,
]);
export type OutputFormat = typeof OutputFormat.Type;

/** How a sample is stored without loss: as an integer of so many bits, or as a 32-bit floating-point number. */
export const BitDepth = Schema.Literals([16, 24, 32, "float"]);
export type BitDepth = typeof BitDepth.Type;

/** What a format can hold, and how it is served. Rates in hertz, bit rates in kilobits a second. */
export interface FormatTraits {
  readonly name: string;
  readonly codec: string;
  readonly extension: string;
  readonly mediaType: string;
  /** `null`: every rate up to `maxSampleRate` can be stored. */
  readonly sampleRates: ReadonlyArray<number> | null;
  readonly maxSampleRate: number;
  readonly maxChannels: number;
  /** `null`: lossless, a bit rate cannot be asked for. */
  readonly bitrateKbps:
    | { readonly min: number; readonly max: number; readonly default: number | null }
    | null;
  /** What the codec takes at most at a sample rate and in a number of channels, where that may be less. */
  readonly highestKbps?: (sampleRate: number, channels: number) => number;
  /** For adaptive streaming: how many bit rates it may have at once, and which it has unless told; `null`: it has one. */
  readonly bitratesKbps:
    | { readonly max: number; readonly default: readonly [number, ...ReadonlyArray<number>] }
    | null;
  /** The scale of the encoder's variable bit rate, and which of its ends sounds best; `null`: it has none. */
  readonly quality: { readonly min: number; readonly max: number; readonly best: number } | null;
  /** The sample sizes to choose from; `null`: lossy, there is no choice. */
  readonly bitDepths: ReadonlyArray<BitDepth> | null;
  /** The file tells where its audio begins and ends, so that decoding gives as many samples as went in. */
  readonly isGapless: boolean;
}

const mpegRates = [8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000];

const aac = {
  codec: "AAC-LC",
  sampleRates: [...mpegRates, 64_000, 88_200, 96_000],
  maxSampleRate: 96_000,
  maxChannels: 8,
  bitrateKbps: { min: 8, max: 512, default: 192 },
  // 6,144 bits for each 1,024 samples of a channel (ISO/IEC 14496-3).
  highestKbps: (sampleRate: number, channels: number) => 6 * sampleRate * channels / 1_000,
  bitratesKbps: null,
  quality: null,
  bitDepths: null,
};

const lossless = {
  sampleRates: null,
  maxSampleRate: 384_000,
  maxChannels: 8,
  bitrateKbps: null,
  bitratesKbps: null,
  quality: null,
  isGapless: true,
};

/** AAC in segments, at rates that browsers play. */
const streaming = {
  ...aac,
  sampleRates: mpegRates,
  maxSampleRate: 48_000,
  maxChannels: 6,
  bitrateKbps: { ...aac.bitrateKbps, default: null },
  bitratesKbps: { max: 6, default: [64, 128, 256] },
  isGapless: false,
} as const;

/** The traits of each format. */
export const traits: Readonly<Record<OutputFormat, FormatTraits>> = {
  mp3: {
    name: "MP3",
    codec: "MPEG-1/2 Audio Layer III",
    extension: "mp3",
    mediaType: "audio/mpeg",
    sampleRates: mpegRates,
    maxSampleRate: 48_000,
    maxChannels: 2,
    bitrateKbps: { min: 8, max: 320, default: 192 },
    // Of MPEG-2.5 what LAME takes, of MPEG-2, of MPEG-1.
    highestKbps: (sampleRate) => sampleRate < 16_000 ? 64 : sampleRate < 32_000 ? 160 : 320,
    bitratesKbps: null,
    quality: { min: 0, max: 9, best: 0 },
    bitDepths: null,
    isGapless: true,
  },
  m4a: { ...aac, name: "MPEG-4 Audio", extension: "m4a", mediaType: "audio/mp4", isGapless: true },
  aac: { ...aac, name: "AAC stream (ADTS)", extension: "aac", mediaType: "audio/aac", isGapless: false },
  opus: {
    name: "Opus",
    codec: "Opus",
    extension: "opus",
    mediaType: "audio/ogg; codecs=opus",
    sampleRates: [8_000, 12_000, 16_000, 24_000, 48_000],
    maxSampleRate: 48_000,
    maxChannels: 8,
    bitrateKbps: { min: 6, max: 510, default: 128 },
    highestKbps: (_, channels) => 256 * channels,
    bitratesKbps: null,
    quality: null,
    bitDepths: null,
    isGapless: true,
  },
  ogg: {
    name: "Ogg Vorbis",
    codec: "Vorbis",
    extension: "ogg",
    mediaType: "audio/ogg; codecs=vorbis",
    sampleRates: null,
    maxSampleRate: 192_000,
    maxChannels: 8,
    bitrateKbps: { min: 32, max: 500, default: 192 },
    bitratesKbps: null,
    quality: { min: -1, max: 10, best: 10 },
    bitDepths: null,
    isGapless: true,
  },
  flac: {
    ...lossless,
    name: "FLAC",
    codec: "FLAC",
    extension: "flac",
    mediaType: "audio/flac",
    bitDepths: [16, 24],
  },
  alac: {
    ...lossless,
    name: "Apple Lossless",
    codec: "ALAC",
    extension: "m4a",
    mediaType: "audio/mp4",
    bitDepths: [16, 24],
  },
  wav: {
    ...lossless,
    name: "WAV",
    codec: "PCM",
    extension: "wav",
    mediaType: "audio/wav",
    maxChannels: 16,
    bitDepths: [16, 24, 32, "float"],
  },
  aiff: {
    ...lossless,
    name: "AIFF",
    codec: "PCM",
    extension: "aiff",
    mediaType: "audio/aiff",
    maxChannels: 16,
    bitDepths: [16, 24, 32],
  },
  wma: {
    name: "Windows Media Audio",
    codec: "WMA 2",
    extension: "wma",
    mediaType: "audio/x-ms-wma",
    sampleRates: [8_000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000],
    maxSampleRate: 48_000,
    maxChannels: 2,
    bitrateKbps: { min: 24, max: 320, default: 192 },
    bitratesKbps: null,
    quality: null,
    bitDepths: null,
    isGapless: false,
  },
  amr: {
    name: "AMR",
    codec: "AMR narrowband",
    extension: "amr",
    mediaType: "audio/amr",
    sampleRates: [8_000],
    maxSampleRate: 8_000,
    maxChannels: 1,
    bitrateKbps: { min: 5, max: 12, default: 12 },
    bitratesKbps: null,
    quality: null,
    bitDepths: null,
    isGapless: false,
  },
  ac3: {
    name: "Dolby Digital",
    codec: "AC-3",
    extension: "ac3",
    mediaType: "audio/ac3",
    sampleRates: [32_000, 44_100, 48_000],
    maxSampleRate: 48_000,
    maxChannels: 6,
    bitrateKbps: { min: 64, max: 640, default: 192 },
    bitratesKbps: null,
    quality: null,
    bitDepths: null,
    isGapless: false,
  },
  hls: {
    ...streaming,
    name: "HTTP Live Streaming",
    extension: "m3u8",
    mediaType: "application/vnd.apple.mpegurl",
  },
  dash: { ...streaming, name: "MPEG-DASH", extension: "mpd", mediaType: "application/dash+xml" },
};

/** Whether a format keeps every bit of the samples that it is given. */
export const isLossless = (format: OutputFormat): boolean => traits[format].bitDepths !== null;
