import { Schema } from "effect";

/** The tempo of a piece of music. */
export const Tempo = Schema.Struct({
  /** Beats in a minute. */
  bpm: Schema.Finite,
  /** From 0 to 1, calibrated: of the tempi answered with 0.9, nine in ten are right. */
  confidence: Schema.Finite,
  /** At most five, likeliest first, the answer among them; the strengths of all that were considered have the sum 1. */
  candidates: Schema.Array(Schema.Struct({ bpm: Schema.Finite, strength: Schema.Finite })),
});
export type Tempo = typeof Tempo.Type;
