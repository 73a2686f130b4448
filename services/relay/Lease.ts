import { Context, type Effect, Schema } from "effect";

/** The lease could not be read or written. */
export class LeaseError extends Schema.TaggedError<LeaseError>()("LeaseError", {
  reason: Schema.Literals(["Unavailable"]),
  cause: Schema.Defect(),
}) {}

/**
 * A right that one process has at a time. It lapses unless it is renewed, by the clock of the database. Each time it changes hands its
 * fencing number grows, so that a former holder can be told from the present one.
 */
export class Lease extends Context.Service<Lease, {
  /** Takes the lease if nobody holds it; answers its fencing number, or `null`. */
  readonly take: Effect.Effect<number | null, LeaseError>;
  /** Keeps the lease of a fencing number; answers false when another has taken it. */
  readonly renew: (fencing: number) => Effect.Effect<boolean, LeaseError>;
  /** Gives up the lease of a fencing number, so that another can take it at once. */
  readonly release: (fencing: number) => Effect.Effect<void, LeaseError>;
}>()("tapedeck/services/relay/Lease") {}

/** For how long a lease is good after it was taken or renewed, in seconds. */
export const leaseSeconds = 5;
