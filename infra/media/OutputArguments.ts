import type { MediaFacts } from "../../domain/media/MediaFacts.ts";
import type { Encoding } from "../../domain/media/OutputSpec.ts";

/** The channel layouts that Ogg's codecs define, for 1 to 8 channels (RFC 7845, 5.1.1.2; Vorbis I, 4.3.9). */
const layouts = ["mono", "stereo", "3.0", "quad", "5.0", "5.1", "6.1", "7.1"];

/** Nominal kilobits a second of a channel for the qualities −1 to 10 of libvorbis, at 44.1 kHz and coupled. */
const vorbisRates = [22.5, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 250];

/**
 * ffmpeg's options for one output, all but its path. Lossless formats have 24 bits where the source `isWide`, else 16. What is
 * written depends on nothing but the input and the encoding.
 */
export const outputArguments = (
  encoding: Encoding,
  source: Pick<MediaFacts, "channels" | "tags">,
  isWide: boolean,
): ReadonlyArray<string> => [
  ...["-map", "0:a:0", "-map_metadata", "-1", "-map_chapters", "-1"],
  ...tagArguments(source.tags),
  ...["-ar", `${encoding.sampleRate}`, ...channelArguments(encoding, source.channels)],
  ...codecArguments(encoding, isWide),
  ...["-threads", "1", "-fflags", "+bitexact", "-flags:a", "+bitexact"],
];

/** The tags that mean the same in every format; the others tell of the source's container and encoder. */
const portableTags = [
  ["title", "artist", "album", "album_artist", "composer", "performer", "genre"],
  ["date", "track", "disc", "comment", "copyright"],
].flat();

const tagArguments = (tags: MediaFacts["tags"]) =>
  portableTags.flatMap((name) => Object.hasOwn(tags, name) ? ["-metadata", `${name}=${tags[name]}`] : []);

/** Nothing where the source's channels can stay as they are. */
const channelArguments = ({ format, channels }: Encoding, sourceChannels: number) => {
  const isOgg = format === "opus" || format === "ogg";
  if (channels === sourceChannels && !isOgg) return [];
  const layout = layouts[channels - 1];
  return layout === undefined ? ["-ac", `${channels}`] : ["-af", `aformat=channel_layouts=${layout}`];
};

const codecArguments = ({ format, channels, bitrateKbps }: Encoding, isWide: boolean) => {
  const bitRate = ["-b:a", `${bitrateKbps}k`];
  switch (format) {
    case "mp3":
      return ["-c:a", "libmp3lame", ...bitRate, "-f", "mp3"];
    case "m4a":
      return ["-c:a", "aac", ...bitRate, "-movflags", "+faststart", "-f", "ipod"];
    case "opus":
      return ["-c:a", "libopus", ...bitRate, "-f", "opus"];
    case "ogg":
      return ["-c:a", "libvorbis", "-q:a", `${vorbisQuality((bitrateKbps ?? 0) / channels)}`, "-f", "ogg"];
    case "flac":
      return ["-c:a", "flac", "-sample_fmt", isWide ? "s32" : "s16", "-f", "flac"];
    case "wav":
      return ["-c:a", isWide ? "pcm_s24le" : "pcm_s16le", "-f", "wav"];
    case "aiff":
      return ["-c:a", isWide ? "pcm_s24be" : "pcm_s16be", "-write_id3v2", "1", "-f", "aiff"];
  }
};

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
