import { bounds, type MediaFacts } from "../../domain/media/MediaFacts.ts";
import { type Encoding, variantsOf } from "../../domain/media/OutputSpec.ts";
import { segmentSeconds } from "../../domain/media/Streaming.ts";
import type { Attached } from "./Attachments.ts";
import { codecs, pcmEncoder } from "./Codecs.ts";
import { bitDepthOf, type Filters } from "./Filters.ts";
import { frontCover } from "./Header.ts";

/** Nominal kilobits a second of a channel for the qualities −1 to 10 of libvorbis, at 44.1 kHz and coupled. */
const vorbisRates = [22.5, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 250];

/** What an output is made of: which input of the process, by which filters, and as how wide samples; and what it gets beside. */
export interface Making extends Attached {
  readonly encoding: Encoding;
  readonly input: number;
  readonly filters: Filters;
  readonly isWide: boolean;
}

/**
 * ffmpeg's options for one output, with the paths of its files: one, or one for each variant, which come from one filter graph. What is
 * written depends on nothing but the input and these. `index` tells it from the other outputs of the process.
 */
export const outputArguments = (
  { encoding, input, filters, isWide, cover, sheet }: Making,
  tags: MediaFacts["tags"],
  index: number,
  pathOf: (variant: Encoding) => string,
): ReadonlyArray<string> => {
  const variants = variantsOf(encoding);
  const pads = variants.length === 1 ? [] : variants.map((_, variant) => `[o${index}v${variant}]`);
  const graph = `[${input}:a:0]${[...filters, `asplit=${pads.length}`].join(",")}${pads.join("")}`;
  const single = ["-map", `${input}:a:0`, "-af", filters.join(",")];
  return [
    ...(pads.length === 0 ? [] : ["-filter_complex", graph]),
    ...variants.flatMap((variant, number) => [
      ...(pads[number] === undefined ? single : ["-map", pads[number]]),
      ...[...coverArguments(cover), ...sheetArguments(encoding, sheet), ...tagArguments(tags, encoding.tags)],
      ...["-ar", `${encoding.sampleRate}`, ...codecArguments(variant, isWide)],
      ...["-f", codecs[encoding.format].muxer],
      ...["-threads", "1", "-fflags", "+bitexact", "-flags:a", "+bitexact", `file:${pathOf(variant)}`],
    ]),
  ];
};

const coverArguments = (cover: number | null): ReadonlyArray<string> =>
  cover === null ? [] : [
    ...["-map", `${cover}:v:0`, "-c:v", "copy", "-disposition:v:0", "attached_pic"],
    ...["-metadata:s:v:0", `comment=${frontCover}`],
  ];

/** Nothing of the source's metadata, but what a sheet says. */
const sheetArguments = ({ format }: Encoding, sheet: number | null): ReadonlyArray<string> =>
  sheet === null ? ["-map_metadata", "-1", "-map_chapters", "-1"] : [
    ...["-map_metadata:s", "-1", "-map_metadata:g", `${sheet}:g`, "-map_chapters", `${sheet}`],
    // ffmpeg gets the sizes of chapters wrong in version 4, where they are of seven bits a byte.
    ...(format === "mp3" || format === "aiff" ? ["-id3v2_version", "3"] : []),
  ];

/**
 * The tags that mean the same in every format that has them; MPEG-4 and WAV have only a few. The others tell of the source's container or
 * of how it was encoded (encoder, durations, creation times, what players skip at its ends), or of sound that is not that of the output
 * (ReplayGain, tempo, key); or they have another name in each format (sort orders, identifiers of MusicBrainz). In Matroska a language
 * that is not told is English.
 */
const portableTags = [
  ["title", "artist", "album", "album_artist", "composer", "performer", "genre"],
  ["date", "track", "disc", "comment", "copyright"],
  ["conductor", "lyricist", "arranger", "remixer", "producer", "engineer", "lyrics", "mood", "grouping"],
  ["compilation", "publisher", "label", "catalognumber", "barcode", "isrc"],
].flat();

/** Names of frames of ID3v2.4 which ffmpeg leaves as they are. */
const frameNames: ReadonlyMap<string, string> = new Map([
  ["tsrc", "isrc"],
  ["text", "lyricist"],
  ["tmoo", "mood"],
]);

/** A tag of a source by the name that is common to all formats: lyrics in ID3 also tell their language, and ASF has a prefix. */
const commonName = (name: string): string =>
  frameNames.get(name) ?? name.replace(/^wm\//, "").replace(/^lyrics-.*/, "lyrics");

const tagArguments = (tags: MediaFacts["tags"], custom: MediaFacts["tags"]) => {
  const kept = Object.entries(tags)
    .map(([name, text]) => [commonName(name), text] as const)
    .filter(([name, text]) => portableTags.includes(name) && !(name === "lyrics" && isCut(text)));
  return Object.entries({ ...Object.fromEntries(kept), ...custom })
    .filter(([, text]) => text !== "")
    .flatMap(([name, text]) => ["-metadata", `${name}=${text}`]);
};

/** Half a song is worse than none. */
const isCut = (text: string): boolean => Array.from(text).length >= bounds.tags.valueLength;

const codecArguments = (encoding: Encoding, isWide: boolean): ReadonlyArray<string> => {
  const { format, sampleRate, channels, bitrateKbps, quality } = encoding;
  const bitDepth = bitDepthOf(encoding, isWide);
  const { encoder } = codecs[format];
  const bitRate = ["-c:a", encoder, "-b:a", `${bitrateKbps}k`];
  switch (format) {
    case "mp3":
      return [
        ...(quality === null ? bitRate : ["-c:a", encoder, "-q:a", `${quality}`]),
        "-joint_stereo",
        "1",
      ];
    case "m4a":
      // An edit list counts in units of the film: with the sample rate for one it is exact.
      return [...bitRate, "-movie_timescale", `${sampleRate}`, "-movflags", "+faststart"];
    case "hls":
    case "dash":
      // Each fragment becomes a segment (ISO/IEC 23000-19); the edit list skips the encoder's delay.
      return [
        ...[...bitRate, "-movflags", "+cmaf+delay_moov+skip_trailer", "-use_editlist", "1"],
        ...["-frag_duration", `${segmentSeconds * 1e6}`],
      ];
    case "aac":
    case "opus":
    case "wma":
    case "ac3":
      return bitRate;
    case "ogg":
      return ["-c:a", encoder, "-q:a", `${quality ?? vorbisQuality((bitrateKbps ?? 0) / channels)}`];
    case "flac":
      return ["-c:a", encoder, "-sample_fmt", bitDepth === 16 ? "s16" : "s32"];
    case "alac":
      return [
        ...["-c:a", encoder, "-sample_fmt", bitDepth === 16 ? "s16p" : "s32p"],
        ...["-movie_timescale", `${sampleRate}`, "-movflags", "+faststart"],
      ];
    case "wav":
      return ["-c:a", pcmEncoder(bitDepth, "le"), "-rf64", "auto"];
    case "aiff":
      return ["-c:a", pcmEncoder(bitDepth, "be"), "-write_id3v2", "1"];
    case "amr":
      return ["-c:a", encoder, "-b:a", `${amrMode(bitrateKbps ?? 12)}`];
  }
};

/** The bit rates of AMR narrowband, in bits a second (3GPP TS 26.071). */
const amrModes = [4_750, 5_150, 5_900, 6_700, 7_400, 7_950, 10_200, 12_200];

const amrMode = (kbps: number): number =>
  amrModes.reduce((best, mode) => Math.abs(mode - 1e3 * kbps) < Math.abs(best - 1e3 * kbps) ? mode : best);

/**
 * The quality whose nominal bit rate is the given one, in kilobits a second of a channel. libvorbis refuses many pairs of bit
 * rate and sample rate, and keeps to a bit rate worse than to a quality; it takes every quality.
 */
const vorbisQuality = (kbps: number): number => {
  const above = vorbisRates.findIndex((rate) => rate >= kbps);
  if (above <= 0) return above === 0 ? -1 : 10;
  const [low = 0, high = 0] = vorbisRates.slice(above - 1, above + 1);
  return Number((above - 2 + (kbps - low) / (high - low)).toFixed(2));
};
