import { Schema } from "effect";
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api";
import { UploadId } from "../../domain/Id.ts";
import { Authorization } from "./Authorization.ts";
import { Problems } from "./Problem.ts";
import { afterHeaders, afterQuery, PageSize } from "./Reading.ts";
import { Accepted, UploadJson, UrlUpload } from "./UploadJson.ts";

const params = { id: UploadId };
const SearchText = Schema.String.check(
  Schema.isPattern(/^[^\p{Cc}\p{Cs}]{1,255}$/u, {
    expected: "1 to 255 characters, none of them a control character",
  }),
);
const Bytes = HttpApiSchema.StreamUint8Array();

/** Receiving, showing and deleting uploads. */
export class UploadsApi extends HttpApiGroup.make("uploads")
  .add(
    HttpApiEndpoint.post("receive", "/uploads", {
      query: {
        userId: Schema.optionalKey(Schema.String),
        sessionId: Schema.optionalKey(Schema.String),
        process: Schema.optionalKey(Schema.String),
        metadata: Schema.optionalKey(Schema.String),
      },
      headers: { "x-filename": Schema.optionalKey(Schema.String) },
      payload: [
        UrlUpload,
        Schema.Struct({ file: Schema.String }).pipe(HttpApiSchema.asMultipartStream()),
        HttpApiSchema.StreamUint8Array({ contentType: ["application/octet-stream", "audio/*"] }),
      ],
      success: [
        Accepted(UploadId).pipe(HttpApiSchema.status(201)),
        Accepted(UploadId).pipe(HttpApiSchema.status(202)),
      ],
    }).annotateMerge(OpenApi.annotations({
      summary: "Upload audio",
      description:
        "Either `multipart/form-data` with a part `file` (or `audio_file`) and optional parts `process`, `metadata`, `userId`, " +
        "`sessionId`, or the audio as the raw body, with `X-Filename` and the other values in the query. `process` is JSON: " +
        '`{"outputs": [{"format": "mp3", "bitrateKbps": 128}], "analysis": true}`. Or JSON with the `url` of the audio: it is fetched ' +
        "before the answer, which is 202. The URL is of http or https and has no credentials in it; it and all that it redirects to, " +
        "five times at most, must have public addresses, or else it is refused with `URL_NOT_ALLOWED`. What its server does wrong " +
        "is `URL_FAILED`.",
    })),
    HttpApiEndpoint.get("list", "/uploads", {
      query: {
        ...afterQuery,
        userId: Schema.optionalKey(SearchText),
        sessionId: Schema.optionalKey(SearchText),
        status: Schema.optionalKey(UploadJson.fields.status),
        search: Schema.optionalKey(SearchText),
        cursor: Schema.optionalKey(UploadId),
        limit: Schema.optionalKey(PageSize),
      },
      headers: afterHeaders,
      success: Schema.Struct({ items: Schema.Array(UploadJson), nextCursor: Schema.NullOr(UploadId) }),
    }).annotateMerge(OpenApi.annotations({ summary: "List uploads, newest first" })),
    HttpApiEndpoint.get("show", "/uploads/:id", {
      params,
      query: afterQuery,
      headers: afterHeaders,
      success: UploadJson,
    }).annotateMerge(OpenApi.annotations({ summary: "Show an upload" })),
    HttpApiEndpoint.delete("remove", "/uploads/:id", {
      params,
      success: Accepted(UploadId).pipe(HttpApiSchema.status(202)),
    }).annotateMerge(OpenApi.annotations({
      summary: "Delete an upload",
      description: "Work on it is cancelled; its objects are removed soon afterwards.",
    })),
    HttpApiEndpoint.get("content", "/uploads/:id/content", {
      params,
      query: afterQuery,
      headers: afterHeaders,
      success: Bytes,
    }).annotateMerge(OpenApi.annotations({ summary: "The original bytes; `Range` and `ETag` are honoured" })),
  )
  .middleware(Authorization)
  .middleware(Problems)
  .prefix("/api/v1") {}
