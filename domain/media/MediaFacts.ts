import { Schema } from "effect";
import { Chapter } from "./Chapter.ts";
import { cleanText } from "./CleanText.ts";
import { Cover } from "./Cover.ts";

/** What probing found out about an upload's audio stream. Sizes in hertz, seconds, bits per second. */
export const MediaFacts = Schema.Struct({
  container: Schema.String,
  codec: Schema.String,
  durationSeconds: Schema.Finite.check(Schema.isGreaterThanOrEqualTo(0)),
  sampleRate: Schema.Int.check(Schema.isGreaterThan(0)),
  channels: Schema.Int.check(Schema.isGreaterThan(0)),
  bitRate: Schema.NullOr(Schema.Int),
  tags: Schema.Record(Schema.String, Schema.String),
  /** Uploads that were probed before these were looked for lack both. */
  chapters: Schema.optionalKey(Schema.Array(Chapter)),
  cover: Schema.optionalKey(Schema.NullOr(Cover)),
});
export type MediaFacts = typeof MediaFacts.Type;

/** By how many seconds the duration that a source declares may be off. */
export const durationSlack = (declaredSeconds: number): number => Math.max(0.2, declaredSeconds / 100);

/** What the service takes in: audio outside these bounds is refused before any filter sees it. */
export const bounds = {
  sampleRate: { min: 2_000, max: 384_000 },
  channels: { min: 1, max: 16 },
  tags: { count: 64, keyLength: 64, valueLength: 1_024 },
} as const;

/** The tags that are kept: at most `bounds.tags.count`, keys and values of well-formed text without control characters, cut to length. */
export const keepTags = (tags: Readonly<Record<string, string>>): Record<string, string> => {
  const kept = Object.entries(tags)
    .map(([key, value]) =>
      [
        cleanText(key.toLowerCase(), bounds.tags.keyLength),
        cleanText(value, bounds.tags.valueLength),
      ] as const
    )
    .filter(([key, value]) => key !== "" && value !== "");
  return Object.fromEntries(kept.slice(0, bounds.tags.count));
};
