import { Schema } from "effect";
import { bounds } from "./MediaFacts.ts";

const between = (minimum: number, maximum: number) =>
  Schema.Finite.check(Schema.isBetween({ minimum, maximum }));

/** A moment or a length, up to a week. */
export const seconds = between(0, 604_800);

/** Printable text, and not more of it than a probed tag may have. */
export const TagText = Schema.String.check(
  Schema.isPattern(/^[^\p{Cc}\p{Cs}]*$/u, { expected: "text without control characters" }),
  Schema.isMaxLength(bounds.tags.valueLength),
);
const TagName = Schema.String.check(Schema.isPattern(/^[a-z][a-z0-9_]{0,63}$/));

/**
 * What is done to the sound of an output, in this order: trim, silenceTrim, channelSelect, denoise, pitchSemitones and speed, the mix to the
 * output's channels, fade, gainDb. Nothing is done unless it is asked for.
 */
export const processingFields = {
  /** Keeps what lies between two moments of the source, the second at its end unless told. */
  trim: Schema.optionalKey(Schema.Struct({ startSeconds: seconds, endSeconds: Schema.optionalKey(seconds) })),
  /**
   * Takes away the silence at the ends of what `trim` keeps, both unless told: what lies before the first, and after the last, sample
   * above the threshold (−60 unless told) in the channel that is selected, or in any. `keepSeconds` of it stay, 0 unless told.
   */
  silenceTrim: Schema.optionalKey(Schema.Struct({
    thresholdDbfs: Schema.optionalKey(between(-120, -10)),
    keepSeconds: Schema.optionalKey(between(0, 60)),
    ends: Schema.optionalKey(Schema.Literals(["start", "end", "both"])),
  })),
  /** Keeps one channel of the source, counted from 0, as mono. */
  channelSelect: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 15 }))),
  /** Takes steady noise off, by at most `reductionDb`. */
  denoise: Schema.optionalKey(Schema.Struct({
    reductionDb: Schema.optionalKey(between(1, 40)),
    noiseFloorDb: Schema.optionalKey(between(-80, -20)),
  })),
  /** Shifts the pitch, and keeps the duration. */
  pitchSemitones: Schema.optionalKey(between(-12, 12)),
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
export const CustomTags = Schema.Record(TagName, TagText).annotate({
  messageUnexpectedKey: "A tag's name has 1 to 64 small letters, digits or _, of which the first is a letter",
}).check(Schema.isMaxProperties(32));

/** The part of something that asks for processing. */
export const processingOf = (
  { trim, silenceTrim, channelSelect, denoise, pitchSemitones, speed, fade, gainDb }: Processing,
): Processing => ({
  ...(trim && { trim }),
  ...(silenceTrim && { silenceTrim }),
  ...(channelSelect !== undefined && { channelSelect }),
  ...(denoise && { denoise }),
  ...(pitchSemitones !== undefined && { pitchSemitones }),
  ...(speed !== undefined && { speed }),
  ...(fade && { fade }),
  ...(gainDb !== undefined && { gainDb }),
});

/** How long a source of so many seconds will be after it; at most, where silence is to be trimmed. */
export const secondsAfter = ({ trim, speed = 1 }: Processing, sourceSeconds: number): number => {
  const end = Math.min(trim?.endSeconds ?? sourceSeconds, sourceSeconds);
  return Math.max(0, end - (trim?.startSeconds ?? 0)) / speed;
};

/**
 * The same with its `silenceTrim` turned into a trim, given a source's duration and the stretch of what `trim` keeps, both in seconds,
 * outside of which it is silent.
 */
export const withoutSilence = (
  { silenceTrim, ...processing }: Processing,
  sounding: { readonly start: number; readonly end: number },
  sourceSeconds: number,
): Processing => {
  if (silenceTrim === undefined) return processing;
  const { keepSeconds = 0, ends = "both" } = silenceTrim;
  const { startSeconds = 0, endSeconds = sourceSeconds } = processing.trim ?? {};
  const trim = {
    startSeconds: ends === "end" ? startSeconds : Math.max(startSeconds, sounding.start - keepSeconds),
    endSeconds: ends === "start" ? endSeconds : Math.min(endSeconds, sounding.end + keepSeconds),
  };
  return { ...processing, trim };
};

/** Which field of some processing a source cannot serve, and why, in a sentence; `null` where it can. */
export const obstacle = (
  { trim, channelSelect = 0 }: Processing,
  source: { readonly channels: number; readonly durationSeconds: number },
): { readonly field: string; readonly detail: string } | null => {
  if (channelSelect >= source.channels) {
    const detail = `There is no channel ${channelSelect}: the audio has ${source.channels}, counted from 0`;
    return { field: "channelSelect", detail };
  }
  return trim && trim.startSeconds >= source.durationSeconds
    ? {
      field: "trim.startSeconds",
      detail: `Nothing is left: the audio ends at ${source.durationSeconds} seconds`,
    }
    : null;
};
