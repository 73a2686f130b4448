import { Effect, Schema, Stream } from "effect";
import type { BlobKey } from "../domain/BlobKey.ts";
import type { BlobStore } from "./BlobStore.ts";

/** Reads an object that the service wrote as JSON by this schema: one that it cannot read is a defect. */
export const readJson = <S extends Schema.ConstraintDecoder<unknown>>(
  blobs: BlobStore["Service"],
  key: BlobKey,
  schema: S,
) =>
  Stream.mkString(Stream.decodeText(blobs.get(key))).pipe(
    Effect.flatMap((text) => Effect.orDie(Schema.decodeEffect(Schema.fromJsonString(schema))(text))),
  );
