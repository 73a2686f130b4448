import { Effect } from "effect";
import type { OnProgress } from "../../services/MediaEngine.ts";

/**
 * Turns positions in the audio, in seconds, into shares of it: at most one report for each rise by a hundredth, never
 * falling, never above 1.
 */
export const make = (onProgress: OnProgress, durationSeconds: number) => {
  let reported = 0;
  const report = (share: number) => {
    reported = share;
    return onProgress(share);
  };
  return {
    at: (seconds: number): Effect.Effect<void> => {
      const share = Math.min(1, seconds / durationSeconds);
      return share - reported >= 0.01 ? report(share) : Effect.void;
    },
    /** Reports 1 unless that has been done. */
    end: Effect.suspend(() => reported < 1 ? report(1) : Effect.void),
  };
};
