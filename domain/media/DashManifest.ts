import type { Encoding } from "./OutputSpec.ts";
import {
  bandwidthOf,
  codecParameter,
  headName,
  type Segment,
  segmentName,
  segmentSeconds,
  type Variant,
  variantName,
} from "./Streaming.ts";

/**
 * The manifest of MPEG-DASH (ISO/IEC 23009-1) for variants that are cut at the same places, and whose files lie in `directory`: the
 * profile for live streams, of one that is over.
 */
export const manifest = (
  directory: string,
  variants: readonly [Variant, ...ReadonlyArray<Variant>],
  { sampleRate, channels }: Pick<Encoding, "sampleRate" | "channels">,
): string => {
  const [{ segments }] = variants;
  const samples = segments.reduce((sum, segment) => sum + segment.samples, 0);
  const name = "$RepresentationID$";
  return [
    '<?xml version="1.0" encoding="utf-8"?>',
    start("MPD", {
      xmlns: "urn:mpeg:dash:schema:mpd:2011",
      profiles: "urn:mpeg:dash:profile:isoff-live:2011",
      type: "static",
      mediaPresentationDuration: `PT${(samples / sampleRate).toFixed(6)}S`,
      minBufferTime: `PT${segmentSeconds}S`,
    }),
    start("Period", { id: 0, start: "PT0S" }),
    start("AdaptationSet", {
      id: 0,
      contentType: "audio",
      mimeType: "audio/mp4",
      codecs: codecParameter,
      audioSamplingRate: sampleRate,
      segmentAlignment: "true",
      startWithSAP: 1,
    }),
    empty("AudioChannelConfiguration", {
      schemeIdUri: "urn:mpeg:dash:23003:3:audio_channel_configuration:2011",
      value: channels,
    }),
    start("SegmentTemplate", {
      timescale: sampleRate,
      initialization: `${directory}/${headName(name)}`,
      media: `${directory}/${segmentName(name, "$Number$")}`,
      startNumber: 1,
    }),
    ...["<SegmentTimeline>", ...timeline(segments), "</SegmentTimeline>", "</SegmentTemplate>"],
    ...variants.map((variant) =>
      empty("Representation", {
        id: variantName(variant.bitrateKbps),
        bandwidth: bandwidthOf(variant, sampleRate).peak,
      })
    ),
    ...["</AdaptationSet>", "</Period>", "</MPD>", ""],
  ].join("\n");
};

/** Of attributes that need no escaping. */
type Attributes = Readonly<Record<string, string | number>>;

const inner = (name: string, attributes: Attributes): string =>
  [name, ...Object.entries(attributes).map(([key, value]) => `${key}="${value}"`)].join(" ");

const start = (name: string, attributes: Attributes): string => `<${inner(name, attributes)}>`;

const empty = (name: string, attributes: Attributes): string => `<${inner(name, attributes)}/>`;

/** An element for each run of segments of the same length. The first begins with silence that is not played, and is shorter for it. */
const timeline = (segments: ReadonlyArray<Segment>): ReadonlyArray<string> =>
  segments.flatMap(({ samples: d }, index) => {
    if (d === segments[index - 1]?.samples) return [];
    const others = segments.slice(index).findIndex(({ samples }) => samples !== d);
    const r = (others < 0 ? segments.length - index : others) - 1;
    return [empty("S", { ...(index === 0 && { t: 0 }), d, ...(r > 0 && { r }) })];
  });
