import { Effect } from "effect";
import { HttpServerRequest, HttpServerResponse } from "effect/http";
import type { BlobKey } from "../../domain/BlobKey.ts";
import type { BlobStore } from "../../services/BlobStore.ts";
import { parseRange } from "./ByteRange.ts";
import { orProblem } from "./Failures.ts";
import { problemResponse } from "./ProblemLayers.ts";

/** Stored bytes to be served. */
export interface Content {
  readonly key: BlobKey;
  readonly sha256: string;
  readonly mediaType: string;
  readonly filename: string;
}

/**
 * Serves stored bytes: as an attachment that is never sniffed, with the hash as a strong `ETag`; answers `If-None-Match`, `Range` and
 * `If-Range`.
 */
export const serveContent = (blobs: BlobStore["Service"], content: Content) =>
  Effect.gen(function* () {
    const { headers: asked } = yield* HttpServerRequest.HttpServerRequest;
    const { sizeBytes } = yield* blobs.head(content.key);
    const etag = `"${content.sha256}"`;
    const headers = {
      etag,
      "accept-ranges": "bytes",
      "cache-control": "private, no-cache",
      "content-disposition": disposition(content.filename),
      "x-content-type-options": "nosniff",
    };
    if (matches(asked["if-none-match"], etag)) return HttpServerResponse.empty({ status: 304, headers });
    const fresh = asked["if-range"] === undefined || asked["if-range"] === etag;
    const range = fresh ? parseRange(asked["range"], sizeBytes) : null;
    if (range === "unsatisfiable") {
      const detail = `The content has ${sizeBytes} bytes`;
      return HttpServerResponse.setHeader(
        yield* problemResponse("RANGE_NOT_SATISFIABLE", { detail }),
        "content-range",
        `bytes */${sizeBytes}`,
      );
    }
    const body = range === null ? blobs.get(content.key) : blobs.get(content.key, range);
    return HttpServerResponse.stream(body, {
      status: range === null ? 200 : 206,
      contentType: content.mediaType,
      contentLength: range === null ? sizeBytes : range.length,
      headers: range === null ? headers : {
        ...headers,
        "content-range": `bytes ${range.start}-${range.start + range.length - 1}/${sizeBytes}`,
      },
    });
  }).pipe(orProblem);

const matches = (header: string | undefined, etag: string): boolean =>
  header !== undefined && header.split(",").some((tag) => {
    const trimmed = tag.trim();
    return trimmed === "*" || trimmed === etag || trimmed === `W/${etag}`;
  });

/** An attachment under its own name (RFC 6266), with an ASCII fallback for old clients. */
const disposition = (filename: string): string => {
  const ascii = filename.replace(/[^\x20-\x7e]|["\\%]/g, "_");
  const encoded = encodeURIComponent(filename).replace(
    /['()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename="${ascii}"; filename*=UTF-8''${encoded}`;
};
