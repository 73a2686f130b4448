import { Context, type Effect, Schema, type Stream } from "effect";
import type { BlobKey } from "../domain/BlobKey.ts";

/** Why an object could not be read or written. */
export class BlobStoreError extends Schema.TaggedError<BlobStoreError>()("BlobStoreError", {
  reason: Schema.Literals(["NotFound", "OutOfSpace", "Unavailable"]),
  key: Schema.String,
  cause: Schema.optionalKey(Schema.Defect()),
}) {}

/** A stretch of bytes: from `start`, `length` of them. */
export interface ByteRange {
  readonly start: number;
  readonly length: number;
}

/** An object and its size. */
export interface BlobInfo {
  readonly key: string;
  readonly sizeBytes: number;
}

/** Objects under keys. An object is seen whole or not at all. */
export class BlobStore extends Context.Service<BlobStore, {
  /**
   * Stores a stream and answers its size. The object appears, durably, only when the whole stream has been written; a
   * failure of the stream, or an interruption, leaves nothing. An existing object is replaced.
   */
  readonly put: <E, R>(
    key: BlobKey,
    content: Stream.Stream<Uint8Array, E, R>,
  ) => Effect.Effect<BlobInfo, E | BlobStoreError, R>;
  /** Stores a local file, as `put` does; the file may be gone afterwards. */
  readonly putFile: (key: BlobKey, path: string) => Effect.Effect<BlobInfo, BlobStoreError>;
  /** The bytes of an object, or of a range of it. */
  readonly get: (key: BlobKey, range?: ByteRange) => Stream.Stream<Uint8Array, BlobStoreError>;
  /** Brings an object to a local path, without a copy where the file system allows. The file must not be written to. */
  readonly fetchTo: (key: BlobKey, path: string) => Effect.Effect<void, BlobStoreError>;
  /** The size of an object. */
  readonly head: (key: BlobKey) => Effect.Effect<BlobInfo, BlobStoreError>;
  /** Every object whose key begins with a prefix that ends in `/`. */
  readonly list: (prefix: string) => Stream.Stream<BlobInfo, BlobStoreError>;
  /** Removes an object; one that is not there is no error. */
  readonly delete: (key: string) => Effect.Effect<void, BlobStoreError>;
  /** Fails when the store cannot be written to. */
  readonly check: Effect.Effect<void, BlobStoreError>;
}>()("tapedeck/services/BlobStore") {}
