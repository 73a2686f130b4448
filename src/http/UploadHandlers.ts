import { Effect } from "effect";
import { HttpServerResponse } from "effect/http";
import { HttpApiBuilder } from "effect/http-api";
import type { UploadId } from "../../domain/Id.ts";
import { mediaTypeOf } from "../../domain/media/Container.ts";
import { UploadReceived } from "../../domain/upload/Upload.ts";
import { Actors } from "../../services/actors/Actors.ts";
import { BlobStore } from "../../services/BlobStore.ts";
import { EventStore } from "../../services/EventStore.ts";
import { nextId } from "../../services/Ids.ts";
import { Limits } from "../../services/Limits.ts";
import type { UploadRow } from "../../services/projections/UploadsProjection.ts";
import { Views } from "../../services/views/Views.ts";
import { Api } from "../api/Api.ts";
import { Caller } from "../api/Authorization.ts";
import { fail } from "../api/Problem.ts";
import { clientCommand } from "./ClientCommand.ts";
import { serveContent } from "./ContentResponse.ts";
import { orProblem } from "./Failures.ts";
import { orDiscard } from "./OrDiscard.ts";
import { pageOf, pageSize } from "./Page.ts";
import { linger, tooLarge } from "./MeteredBody.ts";
import { links, presentUpload } from "./Presentation.ts";
import { caughtUp, orFresh } from "./ReadYourWrites.ts";
import { receiveForm, receiveRaw } from "./ReceiveUpload.ts";
import { receiveUrl } from "./ReceiveUrl.ts";

/** Answers the requests of `UploadsApi`. */
export const uploadHandlers = HttpApiBuilder.group(
  Api,
  "uploads",
  Effect.fnUntraced(function* (handlers) {
    const { uploads } = yield* Actors;
    const views = yield* Views;
    const store = yield* EventStore;
    const blobs = yield* BlobStore;
    const { maxUploadBytes } = yield* Limits;

    const present = Effect.fnUntraced(function* (rows: ReadonlyArray<UploadRow>) {
      const { tenantId } = yield* Caller;
      const ids = rows.map(({ id }) => id);
      const conversions = ids.length === 0 ? [] : yield* views.conversionsOf(tenantId, ids);
      const analyses = ids.length === 0 ? [] : yield* views.analysesOf(tenantId, ids);
      return rows.map((row) =>
        presentUpload(
          row,
          conversions.filter(({ uploadId }) => uploadId === row.id),
          analyses.find(({ uploadId }) => uploadId === row.id),
        )
      );
    });

    const find = Effect.fnUntraced(function* (id: UploadId) {
      const { tenantId } = yield* Caller;
      const row = yield* orFresh(views.upload(tenantId, id), views, store);
      return row ?? (yield* fail("NOT_FOUND", { detail: "There is no such upload" }));
    });

    return handlers
      .handleRaw(
        "receive",
        Effect.fnUntraced(function* ({ request, query }) {
          const caller = yield* Caller;
          if (Number(request.headers["content-length"]) > maxUploadBytes + 1024 * 1024) {
            yield* linger(request.stream);
            return yield* tooLarge(maxUploadBytes);
          }
          const uploadId = yield* nextId("upl");
          const contentType = request.headers["content-type"] ?? "";
          const isUrl = /^application\/(?:[\w.-]+\+)?json\b/i.test(contentType);
          const isForm = /^multipart\/form-data\b/i.test(contentType);
          const target = { request, caller, uploadId, fields: query };
          const stored = yield* isUrl
            ? receiveUrl(target)
            : isForm
            ? receiveForm(target)
            : receiveRaw(target);
          const received = UploadReceived.make({ uploadId, ...stored });
          const { position } = yield* uploads.send(
            { _tag: "ReceiveUpload", received },
            yield* clientCommand(caller.tenantId),
          ).pipe(orDiscard(blobs, stored.key));
          return HttpServerResponse.jsonUnsafe(
            { id: uploadId, status: "received", position, links: links.upload(uploadId) },
            { status: isUrl ? 202 : 201, headers: { location: links.upload(uploadId).self } },
          );
        }, orProblem),
      )
      .handle(
        "list",
        Effect.fnUntraced(function* ({ query, headers }) {
          const { tenantId } = yield* Caller;
          yield* caughtUp(views, query, headers);
          const limit = query.limit ?? pageSize;
          const rows = yield* views.uploads(tenantId, { ...query, after: query.cursor, limit: limit + 1 });
          const { items, next } = pageOf(rows, limit);
          return { items: yield* present(items), nextCursor: next && next.id };
        }, orProblem),
      )
      .handle(
        "show",
        Effect.fnUntraced(function* ({ params, query, headers }) {
          yield* caughtUp(views, query, headers);
          const [shown] = yield* present([yield* find(params.id)]);
          return shown ?? (yield* Effect.die("one row in, none out"));
        }, orProblem),
      )
      .handle(
        "remove",
        Effect.fnUntraced(function* ({ params: { id } }) {
          const { tenantId } = yield* Caller;
          const { position } = yield* uploads.send(
            { _tag: "DeleteUpload", uploadId: id },
            yield* clientCommand(tenantId),
          );
          return { id, status: "deleted", position, links: { self: links.upload(id).self } };
        }, orProblem),
      )
      .handle(
        "content",
        Effect.fnUntraced(function* ({ params, query, headers }) {
          yield* caughtUp(views, query, headers);
          const row = yield* find(params.id);
          if (row.status === "deleted") {
            return yield* fail("NOT_FOUND", { detail: "The upload has been deleted" });
          }
          return yield* serveContent(blobs, { ...row, mediaType: mediaTypeOf(row.media?.container ?? null) });
        }, orProblem),
      );
  }),
);
