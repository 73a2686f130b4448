import { Schema } from "effect";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { decodeClip } from "./DecodeClip.ts";

const KeyClip = Schema.Struct({
  id: Schema.String,
  file: Schema.String,
  set: Schema.String,
  /** The pitch class of the tonic, 0 for C, and the mode. */
  pc: Schema.Number,
  mode: Schema.Literals(["major", "minor"]),
  /** How far the clip was shifted after it was made, if it was. */
  detuneCents: Schema.optionalKey(Schema.Number),
});
/** A clip of the corpus with its true key. */
export type KeyClip = typeof KeyClip.Type;

const Manifest = Schema.fromJsonString(Schema.Struct({ key: Schema.Array(KeyClip) }));

/** The clips with known key of the corpus in a folder. Throws when it has no valid `manifest.json`. */
export const keyClips = (corpus: string): ReadonlyArray<KeyClip> =>
  Schema.decodeUnknownSync(Manifest)(readFileSync(join(corpus, "manifest.json"), "utf8")).key;

/** The samples of a clip at `musicRate`. */
export const samplesOf = (corpus: string, clip: KeyClip): Float32Array => decodeClip(join(corpus, clip.file));
