import { Schema } from "effect";

/** The twelve tonics in the order of their pitch classes, C first, each in its more usual spelling as a major key. */
export const tonics = ["C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"] as const;

const tonic = Schema.Literals(tonics);
const mode = Schema.Literals(["major", "minor"]);
const share = Schema.Number.check(Schema.isBetween({ minimum: 0, maximum: 1 }));

/** The key that a piece of music is in for most of its length. */
export const MusicalKey = Schema.Struct({
  tonic,
  mode,
  /** Tonic and mode: "A minor". */
  name: Schema.String,
  /** Probability of being right, 0 to 1: of the keys told with 0.9, nine of ten are right. */
  confidence: share,
  /** The most likely keys, at most five, the told one first. */
  candidates: Schema.Array(Schema.Struct({
    tonic,
    mode,
    /** Correlation with what is typical of the key; 0 where it is negative. */
    strength: share,
  })),
  /** How far the music is tuned above (or below) A4 = 440 Hz, −50 to 50. */
  tuningCents: Schema.Finite,
});
export type MusicalKey = typeof MusicalKey.Type;
