import { type Result, Schema } from "effect";

/** A language by BCP 47, such as `en` or `en-US`. */
export const Language = Schema.String.check(
  Schema.isPattern(/^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$/),
);

const isLanguage = Schema.is(Language);

/** What recognised speech: a program or a kind of service, and its model. */
export const RecogniserName = Schema.Struct({ name: Schema.String, model: Schema.String });
export type RecogniserName = typeof RecogniserName.Type;

/** A stretch of speech, in seconds from the start of the recording. The confidence, where it is known, is between 0 and 1. */
export const Segment = Schema.Struct({
  startSeconds: Schema.Finite,
  endSeconds: Schema.Finite,
  text: Schema.String,
  confidence: Schema.optionalKey(Schema.Finite),
});
export type Segment = typeof Segment.Type;

/** What was said in a recording: `text` is that of all segments. It is bounded: ten times what people say in six hours. */
export const Transcript = Schema.Struct({
  /** `null` where the recogniser does not tell. */
  language: Schema.NullOr(Language),
  recogniser: RecogniserName,
  text: Schema.String.check(Schema.isMaxLength(4_000_000)),
  segments: Schema.Array(Segment).check(Schema.isMaxLength(100_000)),
});
export type Transcript = typeof Transcript.Type;

/** What a recogniser tells: its segments may overlap, exceed the recording or be empty. */
export interface Speech {
  readonly language: string | null;
  readonly segments: ReadonlyArray<Segment>;
}

/**
 * A transcript of what a recogniser told of a recording: times to the millisecond, in order and within the recording, texts of one
 * line each, none of them empty. Fails where it is too long for a transcript.
 */
export const transcriptOf = (
  recogniser: RecogniserName,
  { language, segments }: Speech,
  durationSeconds: number,
): Result.Result<Transcript, Schema.SchemaError> => {
  const within = (seconds: number) => rounded(Math.min(Math.max(seconds, 0), durationSeconds));
  const told = segments
    .map(({ startSeconds, endSeconds, text, confidence }) => ({
      startSeconds: within(startSeconds),
      endSeconds: within(Math.max(startSeconds, endSeconds)),
      text: inOneLine(text),
      ...(confidence !== undefined && { confidence: rounded(Math.min(Math.max(confidence, 0), 1)) }),
    }))
    .filter(({ text }) => text !== "")
    .sort((a, b) => a.startSeconds - b.startSeconds);
  return decode({
    language: isLanguage(language) ? language : null,
    recogniser,
    text: told.map(({ text }) => text).join(" "),
    segments: told,
  });
};

const decode = Schema.decodeResult(Transcript);

const rounded = (value: number): number => Math.round(value * 1_000) / 1_000;

/** Text without line breaks, other control characters, and halves of characters. */
const inOneLine = (text: string): string => text.toWellFormed().replace(/[\s\p{Cc}]+/gu, " ").trim();
