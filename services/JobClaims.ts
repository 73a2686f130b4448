import { Context, Effect, type Scope } from "effect";

/** Sees to it that a job is in hand of one process at a time, also when its event is delivered to several. */
export interface JobClaims {
  /** Waits until no other process works on the job, and keeps the others waiting while the scope is open. */
  readonly claim: (jobId: string) => Effect.Effect<void, never, Scope.Scope>;
}

/** The claims between the processes of one Tapedeck; by default there is only one process. */
export const JobClaims = Context.Reference<JobClaims>("tapedeck/services/JobClaims", {
  defaultValue: () => ({ claim: () => Effect.void }),
});
