import { Effect, Stream } from "effect";
import type { BlobStore, BlobStoreError } from "../BlobStore.ts";

/** Removes every object below a prefix that ends in `/`; answers how many there were, and their bytes. */
export const deleteAll = (
  blobs: BlobStore["Service"],
  prefix: string,
): Effect.Effect<{ readonly objects: number; readonly bytes: number }, BlobStoreError> =>
  blobs.list(prefix).pipe(
    Stream.mapEffect((blob) => Effect.as(blobs.delete(blob.key), blob), { concurrency: 8 }),
    Stream.runFold(
      () => ({ objects: 0, bytes: 0 }),
      (sum, { sizeBytes }) => ({ objects: sum.objects + 1, bytes: sum.bytes + sizeBytes }),
    ),
  );
