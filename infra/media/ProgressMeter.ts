import { Effect, Stream } from "effect";
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

/** Takes what `-progress pipe:1` makes ffmpeg write; answers how many seconds it has come to. */
export const follow = <E>(
  stdout: Stream.Stream<Uint8Array, E>,
  at: (seconds: number) => Effect.Effect<void>,
): Effect.Effect<number, E> =>
  Effect.suspend(() => {
    let seconds = 0;
    return stdout.pipe(
      Stream.decodeText(),
      Stream.splitLines,
      Stream.runForEach((line) => {
        const micros = /^out_time_us=(\d+)$/.exec(line)?.[1];
        if (micros === undefined) return Effect.void;
        seconds = Number(micros) / 1e6;
        return at(seconds);
      }),
      Effect.map(() => seconds),
    );
  });

/** Divides work into phases that follow one another: each call answers what the next one reports to, given how much of `all` it is. */
export const divide = (onProgress: OnProgress, all: number): (work: number) => OnProgress => {
  let before = 0;
  return (work) => {
    const from = before;
    before += work;
    return (share) => onProgress((from + share * work) / all);
  };
};

/** What each of some works reports to that are done at once: the whole is as far as they are on average. */
export const average = (onProgress: OnProgress, count: number): (index: number) => OnProgress => {
  const shares: Array<number> = [];
  return (index) => (share) => {
    shares[index] = share;
    return onProgress(shares.reduce((sum, share) => sum + share, 0) / count);
  };
};

/** Leaves out what would be a step back. */
export const rising = (onProgress: OnProgress): OnProgress => {
  let highest = 0;
  return (share) => {
    if (share <= highest) return Effect.void;
    highest = share;
    return onProgress(share);
  };
};
