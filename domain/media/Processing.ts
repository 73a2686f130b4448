import { Schema } from "effect";
import { bounds } from "./MediaFacts.ts";

const between = (minimum: number, maximum: number) =>
  Schema.Finite.check(Schema.isBetween({ minimum, maximum }));

/** A moment or a length, up to a week. */
export const seconds = between(0, 604_800);

/** Printable text, and not more of it than a probed tag may have. */
export const TagText = Schema.String.check(
  Schema.isPattern(/^[^\p{Cc}\p{Cs}]*$/u),
  Schema.isMaxLength(bounds.tags.valueLength),
);
const TagName = Schema.String.check(Schema.isPattern(/^[a-z][a-z0-9_]{0,63}$/));

/**
 * What is done to the sound of an output, in this order: trim, channelSelect, denoise, speed, the mix to the output's channels, fade,
 * gainDb. Nothing is done unless it is asked for.
 */
export const processingFields = {
  /** Keeps what lies between two moments of the source, the second at its end unless told. */
  trim: Schema.optionalKey(Schema.Struct({ startSeconds: seconds, endSeconds: Schema.optionalKey(seconds) })),
  /** Keeps one channel of the source, counted from 0, as mono. */
  channelSelect: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 15 }))),
  /** Takes steady noise off, by at most `reductionDb`. */
  denoise: Schema.optionalKey(Schema.Struct({
    reductionDb: Schema.optionalKey(between(1, 40)),
    noiseFloorDb: Schema.optionalKey(between(-80, -20)),
  })),
  /** Plays so many times as fast, at the same pitch. */
  speed: Schema.optionalKey(between(0.5, 2)),
  /** Seconds of the output at its beginning and its end. */
  fade: Schema.optionalKey(Schema.Struct({
    inSeconds: Schema.optionalKey(between(0, 600)),
    outSeconds: Schema.optionalKey(between(0, 600)),
  })),
  gainDb: Schema.optionalKey(between(-60, 40)),
} as const;

/** The processing of an output, as asked for. */
export const Processing = Schema.Struct(processingFields);
export type Processing = typeof Processing.Type;

/** Tags that are added to those of the source, or take their place; an empty text removes one. */
export const CustomTags = Schema.Record(TagName, TagText).check(Schema.isMaxProperties(32));

/** The part of something that asks for processing. */
export const processingOf = (
  { trim, channelSelect, denoise, speed, fade, gainDb }: Processing,
): Processing => ({
  ...(trim && { trim }),
  ...(channelSelect !== undefined && { channelSelect }),
  ...(denoise && { denoise }),
  ...(speed !== undefined && { speed }),
  ...(fade && { fade }),
  ...(gainDb !== undefined && { gainDb }),
});

/** How long a source of so many seconds will be after it. */
export const secondsAfter = ({ trim, speed = 1 }: Processing, sourceSeconds: number): number => {
  const end = Math.min(trim?.endSeconds ?? sourceSeconds, sourceSeconds);
  return Math.max(0, end - (trim?.startSeconds ?? 0)) / speed;
};

/** Why a source cannot be processed like this, in a sentence; `null` where it can. */
export const obstacle = (
  { trim, channelSelect = 0 }: Processing,
  source: { readonly channels: number; readonly durationSeconds: number },
): string | null => {
  if (channelSelect >= source.channels) {
    return `There is no channel ${channelSelect}: the audio has ${source.channels}, counted from 0`;
  }
  return trim && trim.startSeconds >= source.durationSeconds
    ? `Nothing is left: the audio ends at ${source.durationSeconds} seconds`
    : null;
};
