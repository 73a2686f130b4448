import { type MusicalKey, tonics } from "../../domain/analysis/MusicalKey.ts";
import type { KeyClip } from "./KeyClips.ts";

/**
 * What an answer is worth by the rules of MIREX (audio key detection): 1 for the key itself, 0.5 for its fifth either way in
 * the same mode, 0.3 for the relative and 0.2 for the parallel key, else 0, and 0 for no answer.
 */
export const keyScore = (told: MusicalKey | null, truth: KeyClip): number => {
  if (told === null) return 0;
  const up = (tonics.indexOf(told.tonic) - truth.pc + 12) % 12;
  if (told.mode === truth.mode) return up === 0 ? 1 : up === 5 || up === 7 ? 0.5 : 0;
  if (up === 0) return 0.2;
  return up === (truth.mode === "major" ? 9 : 3) ? 0.3 : 0;
};
