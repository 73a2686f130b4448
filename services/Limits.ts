import { Context } from "effect";

/** What one upload may be, and how much media work runs at once. */
export interface Limits {
  readonly maxUploadBytes: number;
  readonly maxDurationSeconds: number;
  readonly workerConcurrency: number;
}

/** The limits in force: 2 GiB, six hours, and one job unless configured. */
export const Limits = Context.Reference<Limits>("tapedeck/services/Limits", {
  defaultValue: () => ({
    maxUploadBytes: 2 * 1024 ** 3,
    maxDurationSeconds: 6 * 3_600,
    workerConcurrency: 1,
  }),
});
