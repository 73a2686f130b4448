import { Schema } from "effect";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const TempoClip = Schema.Struct({
  id: Schema.String,
  /** Its path in the corpus. */
  file: Schema.String,
  set: Schema.String,
  bpm: Schema.Finite,
});
/** A clip of the corpus with its true tempo. */
export type TempoClip = typeof TempoClip.Type;

const Manifest = Schema.fromJsonString(Schema.Struct({ tempo: Schema.Array(TempoClip) }));

/**
 * The clips with known tempo of the corpus in a folder, as far as their files could be made. Throws when it has no valid
 * `manifest.json`.
 */
export const tempoClips = (corpus: string): ReadonlyArray<TempoClip> =>
  Schema.decodeUnknownSync(Manifest)(readFileSync(join(corpus, "manifest.json"), "utf8")).tempo
    .filter(({ file }) => existsSync(join(corpus, file)));

/** How far off, as a share, a tempo may be to be the right one. */
const TOLERANCE = 0.04;

/** Whether a tempo is the true one, within 4 % (the usual Acc1). */
export const isRight = (bpm: number, truth: number): boolean => Math.abs(bpm / truth - 1) <= TOLERANCE;

/** Whether it is that of another level of the metre: the half, the third, the double or the triple (the usual Acc2). */
export const isRightButForLevel = (bpm: number, truth: number): boolean =>
  [1, 1 / 2, 1 / 3, 2, 3].some((ratio) => isRight(bpm, truth * ratio));
