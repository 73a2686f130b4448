import { Effect } from "effect";
import { SqlError } from "effect/sql";
import { ProjectionStoreError } from "../../services/projections/ProjectionStore.ts";
import { isPermanent } from "./SqlState.ts";

/** Tells what went wrong with a view's tables in the words of the ports. */
export const viewErrors = <A, E, R>(
  self: Effect.Effect<A, E, R>,
): Effect.Effect<A, ProjectionStoreError, R> =>
  Effect.mapError(self, (cause) =>
    cause instanceof ProjectionStoreError ? cause : new ProjectionStoreError({
      reason: SqlError.isSqlError(cause) && isPermanent(cause) ? "Poison" : "Unavailable",
      cause,
    }));

/** As `viewErrors`; gives up on what takes far longer than any batch should, so that its runner says so and tries again. */
export const promptly = <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, ProjectionStoreError, R> =>
  viewErrors(Effect.timeout(self, "15 seconds"));
