import {
  bandwidthOf,
  codecParameter,
  frameSamples,
  headName,
  playlistName,
  segmentName,
  segmentSeconds,
  type Variant,
  variantName,
} from "./Streaming.ts";

/** A playlist of HLS (RFC 8216), in the version that knows segments of MP4. */
const playlist = (lines: ReadonlyArray<string>): string =>
  ["#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-INDEPENDENT-SEGMENTS", ...lines, ""].join("\n");

/** The playlist that leads to the variants, whose own lie in `directory`. */
export const mainPlaylist = (
  directory: string,
  variants: ReadonlyArray<Variant>,
  sampleRate: number,
): string =>
  playlist(variants.flatMap((variant) => {
    const { mean, peak } = bandwidthOf(variant, sampleRate);
    return [
      `#EXT-X-STREAM-INF:BANDWIDTH=${peak},AVERAGE-BANDWIDTH=${mean},CODECS="${codecParameter}"`,
      `${directory}/${playlistName(variantName(variant.bitrateKbps))}`,
    ];
  }));

/**
 * The playlist of a variant's segments. In it each begins where its own time stamps say, which count the encoder's delay: some players
 * go by one, some by the other, and move what differs. The last takes that much less.
 */
export const mediaPlaylist = ({ bitrateKbps, segments }: Variant, sampleRate: number): string => {
  const variant = variantName(bitrateKbps);
  let played = 0;
  const ends = segments.map(({ samples }, index) => {
    played += samples;
    const delay = index === segments.length - 1 ? 0 : frameSamples;
    return Math.round(1e6 * (played + delay) / sampleRate);
  });
  return playlist([
    ...[`#EXT-X-TARGETDURATION:${segmentSeconds}`, "#EXT-X-MEDIA-SEQUENCE:1", "#EXT-X-PLAYLIST-TYPE:VOD"],
    `#EXT-X-MAP:URI="${headName(variant)}"`,
    ...ends.flatMap((end, index) => [
      `#EXTINF:${((end - (ends[index - 1] ?? 0)) / 1e6).toFixed(6)},`,
      segmentName(variant, index + 1),
    ]),
    "#EXT-X-ENDLIST",
  ]);
};
