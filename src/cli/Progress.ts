import { Effect } from "effect";
import process from "node:process";

/** How often the line is drawn, in milliseconds. */
const frame = 100;
const barWidth = 24;

/** How far long work has come: to be told by the work, drawn on standard error while that is a terminal. */
export interface Progress {
  /** The work has come this far. */
  readonly at: (done: number) => void;
}

/** A count for people: 1234567 as 1,234,567. */
export const count = (value: number): string => Math.round(value).toLocaleString("en-US");

/** A time for people: 3725 seconds as 1:02:05. */
export const clock = (seconds: number): string => {
  const whole = Math.max(0, Math.round(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3_600), Math.floor(whole / 60) % 60, whole % 60];
  const tail = `${String(minutes).padStart(hours > 0 ? 2 : 1, "0")}:${String(rest).padStart(2, "0")}`;
  return hours > 0 ? `${hours}:${tail}` : tail;
};

/** One line that says how far the work has come: a bar, the share, the rate, and the time that is left. */
export const progressLine = (
  { title, unit, total, done, seconds }: {
    readonly title: string;
    readonly unit: string;
    /** `null` where the end is not known. */
    readonly total: number | null;
    readonly done: number;
    readonly seconds: number;
  },
): string => {
  const rate = seconds > 0 ? done / seconds : 0;
  const speed = `${rate > 0 && rate < 10 ? rate.toFixed(1) : count(rate)} ${unit}/s`;
  if (total === null) return `${title}  ${count(done)} ${unit}  ${speed}  ${clock(seconds)}`;
  const share = total === 0 ? 1 : Math.min(1, done / total);
  const filled = Math.round(share * barWidth);
  const bar = "█".repeat(filled) + "░".repeat(barWidth - filled);
  const left = rate > 0 ? `  ${clock((total - done) / rate)} left` : "";
  return `${title}  ${bar} ${String(Math.floor(share * 100)).padStart(3)}%  ${count(done)} of ${
    count(total)
  } ${unit}  ${speed}${left}`;
};

/** Runs long work with a line about its progress, which is taken away at the end. */
export const withProgress = <A, E, R>(
  about: { readonly title: string; readonly unit: string; readonly total: number | null },
  work: (progress: Progress) => Effect.Effect<A, E, R>,
): Effect.Effect<A, E, R> =>
  Effect.suspend(() => {
    if (!process.stderr.isTTY) return work({ at: () => {} });
    const began = performance.now();
    let drawn = 0;
    const at = (done: number): void => {
      const now = performance.now();
      if (now - drawn < frame) return;
      drawn = now;
      const line = progressLine({ ...about, done, seconds: (now - began) / 1_000 });
      process.stderr.write(`\r\u001b[2K${line.slice(0, (process.stderr.columns ?? 80) - 1)}`);
    };
    return Effect.ensuring(work({ at }), Effect.sync(() => process.stderr.write("\r\u001b[2K")));
  });
