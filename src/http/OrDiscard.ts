import { Effect } from "effect";
import type { BlobKey } from "../../domain/BlobKey.ts";
import type { BlobStore } from "../../services/BlobStore.ts";

/**
 * Writes the fact of an object that has been stored, whether or not the client still listens. If that fails the object goes, but for an
 * outage: then the fact may have been written all the same.
 */
export const orDiscard =
  (blobs: BlobStore["Service"], key: BlobKey | undefined) =>
  <A, E extends object, R>(write: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    write.pipe(
      Effect.tapError((error) =>
        key === undefined || ("reason" in error && error.reason === "Unavailable")
          ? Effect.void
          : Effect.ignore(blobs.delete(key))
      ),
      Effect.uninterruptible,
    );
