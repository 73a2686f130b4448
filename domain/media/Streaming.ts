import { Schema } from "effect";
import { type OutputFormat, traits } from "./OutputFormat.ts";

/** An output for adaptive streaming: a variant for each bit rate, in kilobits a second, all cut into as many segments. */
export const Streaming = Schema.Struct({
  bitratesKbps: Schema.NonEmptyArray(Schema.Int),
  segments: Schema.Int,
});
export type Streaming = typeof Streaming.Type;

/** How long a segment is, but for the last: so many seconds, up to where a frame of AAC ends. */
export const segmentSeconds = 6;

/** Each frame of AAC has so many samples. The encoder begins with one of silence, which the edit list of its file skips. */
export const frameSamples = 1_024;

/** A variant as it was encoded. */
export interface Variant {
  readonly bitrateKbps: number;
  readonly segments: ReadonlyArray<Segment>;
}

/** A segment: its bytes, and how many samples of each channel are played of it. */
export interface Segment {
  readonly bytes: number;
  readonly samples: number;
}

/** What a variant is called. Its files are named after it. */
export const variantName = (bitrateKbps: number): string => `${bitrateKbps}k`;

/** The name of a variant's media playlist, in HLS. */
export const playlistName = (variant: string): string => `${variant}.m3u8`;

/** The name of a variant's initialisation segment. */
export const headName = (variant: string): string => `${variant}.mp4`;

/** The name of one of a variant's segments, which are counted from 1. */
export const segmentName = (variant: string, number: number | string): string => `${variant}-${number}.m4s`;

/** The names of all files that an output for streaming has beside its own, which leads to them. */
export const filesOf = (format: OutputFormat, { bitratesKbps, segments }: Streaming): ReadonlyArray<string> =>
  bitratesKbps.map(variantName).flatMap((variant) => [
    headName(variant),
    ...Array.from({ length: segments }, (_, index) => segmentName(variant, index + 1)),
    ...(format === "hls" ? [playlistName(variant)] : []),
  ]);

/** The media type of one of these files, by its name; `null` for what is no such name. */
export const fileTypeOf = (name: string): string | null => {
  const extension = /^\d{1,3}k(\.m3u8|\.mp4|-\d{1,6}\.m4s)$/.exec(name)?.[1];
  if (extension === undefined) return null;
  return extension === ".m3u8" ? traits.hls.mediaType : "audio/mp4";
};

/**
 * The bits a second of a variant: the mean, and the peak over what lasts at least half as long as a segment should (RFC 8216, 4.3.4.2).
 */
export const bandwidthOf = ({ segments }: Variant, sampleRate: number) => {
  const bytes = segments.reduce((sum, segment) => sum + segment.bytes, 0);
  const samples = segments.reduce((sum, segment) => sum + segment.samples, 0);
  const rateOf = (bytes: number, samples: number) => Math.ceil(8 * bytes * sampleRate / samples);
  const mean = rateOf(bytes, samples);
  const peak = segments
    .filter(({ samples }) => samples >= sampleRate * segmentSeconds / 2)
    .reduce((highest, { bytes, samples }) => Math.max(highest, rateOf(bytes, samples)), mean);
  return { mean, peak };
};

/** The codec of all variants, for players (RFC 6381): AAC-LC. */
export const codecParameter = "mp4a.40.2";
