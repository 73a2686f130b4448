import { Effect, FileSystem, Stream } from "effect";
import { type HttpServerRequest, Multipart } from "effect/http";
import { join } from "node:path";
import * as BlobKey from "../../domain/BlobKey.ts";
import type { UploadId } from "../../domain/Id.ts";
import { cleanFilename, decodeFilename } from "../../domain/upload/Filename.ts";
import { BlobStore } from "../../services/BlobStore.ts";
import type { Caller } from "../../services/ApiKeys.ts";
import { Limits } from "../../services/Limits.ts";
import { MediaEngine } from "../../services/MediaEngine.ts";
import { fail, type Problem } from "../api/Problem.ts";
import { meter, type Metered, tooLarge } from "./MeteredBody.ts";
import { type RawFields, readFields, type UploadFields } from "./UploadFields.ts";

/** A body that has been stored, and everything that came with it. */
export interface StoredUpload extends UploadFields, Metered {
  readonly filename: string;
  readonly contentType: string | null;
  readonly key: BlobKey.BlobKey;
}

/** A request for an upload, and whose it will be. */
export interface Target {
  readonly request: HttpServerRequest.HttpServerRequest;
  readonly caller: Caller;
  readonly uploadId: UploadId;
  readonly fields: RawFields;
}

/** Receives the body itself as the audio. */
export const receiveRaw = Effect.fnUntraced(function* (target: Target) {
  const { stream, headers } = target.request;
  return yield* storeStream(target, yield* readFields(target.fields), {
    filename: cleanFilename(decodeFilename(headers["x-filename"] ?? "")),
    contentType: headers["content-type"] ?? null,
    content: stream.pipe(
      Stream.catchTag(
        "HttpServerError",
        () => Stream.fromEffect(fail("MALFORMED_REQUEST", { detail: "The body ended too early" })),
      ),
    ),
  });
});

/** Stores audio as it comes, straight into the blob store. */
export const storeStream = Effect.fnUntraced(function* <E, R>(
  { caller, uploadId }: Target,
  fields: UploadFields,
  { filename, contentType, content }: Pick<StoredUpload, "filename" | "contentType"> & {
    readonly content: Stream.Stream<Uint8Array, E, R>;
  },
) {
  const blobs = yield* BlobStore;
  const { maxUploadBytes } = yield* Limits;
  const key = BlobKey.original({ ...caller, ...fields, uploadId }, filename);
  const body = meter(content, maxUploadBytes);
  yield* blobs.put(key, body.stream);
  return { ...fields, ...(yield* body.result), filename, contentType, key } satisfies StoredUpload;
});

/**
 * Receives the audio as the part `file` (or `audio_file`) of a form. Who it belongs to may be said in a later part, so the bytes wait
 * in a private directory until the form has ended.
 */
export const receiveForm = Effect.fnUntraced(function* ({ request, caller, uploadId, fields }: Target) {
  const blobs = yield* BlobStore;
  const disk = yield* FileSystem.FileSystem;
  const { maxUploadBytes } = yield* Limits;
  const path = join(yield* (yield* MediaEngine).workspace, "body");
  const received: Array<Metered & Pick<StoredUpload, "filename" | "contentType">> = [];
  const texts: { -readonly [Field in keyof RawFields]: RawFields[Field] } = { ...fields };

  const takeFile = Effect.fnUntraced(function* (part: Multipart.File) {
    if (received.length > 0) {
      return yield* fail("INVALID_PARAMETER", { field: part.key, detail: "Send one file a request" });
    }
    const body = meter(part.content, maxUploadBytes);
    yield* Stream.run(body.stream, disk.sink(path));
    received.push({
      ...(yield* body.result),
      filename: cleanFilename(part.name),
      contentType: part.contentType,
    });
  });

  const takePart = (part: Multipart.Part) => {
    if (isTextField(part.key)) {
      const { key } = part;
      return part._tag === "Field"
        ? Effect.sync(() => texts[key] = part.value)
        : Effect.map(Effect.map(part.contentEffect, (bytes) => new TextDecoder().decode(bytes)), (text) =>
          texts[key] = text);
    }
    return part._tag === "File" && (part.key === "file" || part.key === "audio_file")
      ? takeFile(part)
      : fail("INVALID_PARAMETER", {
        field: part.key.slice(0, 64),
        detail: "There is no such part in this form",
      });
  };

  yield* Stream.runForEach(request.multipartStream, takePart).pipe(
    Effect.provide(Multipart.limitsServices({
      maxParts: 16,
      maxFieldSize: "64 KiB",
      // Counts the head of the part as well: the exact limit is the meter's.
      maxFileSize: maxUploadBytes + 1024 * 1024,
      maxTotalSize: maxUploadBytes + 1024 * 1024,
    })),
    Effect.catchTag("MultipartError", ({ reason }) => refuseForm(reason._tag, maxUploadBytes)),
    Effect.catchTag("PlatformError", (error) =>
      Effect.andThen(
        Effect.logError("An upload could not be staged", error),
        fail("UNAVAILABLE", { detail: "The upload could not be stored; try again" }),
      )),
  );
  const read = yield* readFields(texts);
  const [file] = received;
  if (file === undefined) {
    return yield* fail("INVALID_PARAMETER", {
      field: "file",
      detail: "Send the audio in a part called `file`",
    });
  }
  const key = BlobKey.original({ ...caller, ...read, uploadId }, file.filename);
  yield* blobs.putFile(key, path);
  return { ...read, ...file, key } satisfies StoredUpload;
}, Effect.scoped);

const textFields = ["process", "metadata", "userId", "sessionId"] as const;
const isTextField = (key: string): key is (typeof textFields)[number] =>
  textFields.some((field) => field === key);

const refuseForm = (
  reason: Multipart.MultipartErrorReason["_tag"],
  maxUploadBytes: number,
): Effect.Effect<never, Problem> => {
  switch (reason) {
    case "FileTooLarge":
    case "BodyTooLarge":
      return tooLarge(maxUploadBytes);
    case "FieldTooLarge":
      return fail("INVALID_PARAMETER", { detail: "A text part of the form is larger than 64 KiB" });
    case "TooManyParts":
      return fail("MALFORMED_REQUEST", { detail: "The form has more than 16 parts" });
    case "Parse":
    case "InternalError":
      return fail("MALFORMED_REQUEST", { detail: "The form could not be read to its end" });
  }
};
