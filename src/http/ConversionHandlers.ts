import { Array as Arr, Effect, Stream } from "effect";
import { HttpApiBuilder } from "effect/http-api";
import * as BlobKey from "../../domain/BlobKey.ts";
import type { ConversionId } from "../../domain/Id.ts";
import { traits } from "../../domain/media/OutputFormat.ts";
import { fileTypeOf } from "../../domain/media/Streaming.ts";
import { Actors } from "../../services/actors/Actors.ts";
import { BlobStore } from "../../services/BlobStore.ts";
import { EventStore } from "../../services/EventStore.ts";
import { nextId } from "../../services/Ids.ts";
import { Limits } from "../../services/Limits.ts";
import { Views } from "../../services/views/Views.ts";
import { Api } from "../api/Api.ts";
import { Caller } from "../api/Authorization.ts";
import { fail } from "../api/Problem.ts";
import { clientCommand } from "./ClientCommand.ts";
import { serveContent } from "./ContentResponse.ts";
import { orProblem } from "./Failures.ts";
import { orDiscard } from "./OrDiscard.ts";
import { links, presentConversion } from "./Presentation.ts";
import { caughtUp, orFresh } from "./ReadYourWrites.ts";
import { readySource } from "./ReadySource.ts";
import { requestedCover } from "./RequestedCover.ts";
import { resolveAlbum } from "./ResolveAlbum.ts";
import { refuseImpossible, settleOutputs } from "./SettleOutputs.ts";

/** Answers the requests of `ConversionsApi`. */
export const conversionHandlers = HttpApiBuilder.group(
  Api,
  "conversions",
  Effect.fnUntraced(function* (handlers) {
    const { uploads, conversions } = yield* Actors;
    const views = yield* Views;
    const store = yield* EventStore;
    const blobs = yield* BlobStore;
    const { maxDurationSeconds } = yield* Limits;

    const find = Effect.fnUntraced(function* (id: ConversionId) {
      const { tenantId } = yield* Caller;
      const row = yield* orFresh(views.conversion(tenantId, id), views, store);
      return row ?? (yield* fail("NOT_FOUND", { detail: "There is no such conversion" }));
    });

    const findOutput = Effect.fnUntraced(
      function* ({ id, name }: { readonly id: ConversionId; readonly name: string }) {
        const row = yield* find(id);
        const output = row.rendered.find((output) => output.name === name);
        const failed = row.failed.find((output) => output.name === name);
        if (failed) {
          const { code, detail, stage } = failed.reason;
          return yield* fail(code, { detail, stage });
        }
        if (output === undefined) {
          return yield* row.requested.some((output) => output.name === name)
            ? fail("NOT_READY", { detail: `The conversion is ${row.status}` })
            : fail("NOT_FOUND", { detail: "There is no such output" });
        }
        const { tenantId } = yield* Caller;
        const upload = yield* views.upload(tenantId, row.uploadId);
        if (upload === null || upload.status === "deleted") {
          return yield* fail("NOT_FOUND", { detail: "The upload has been deleted" });
        }
        return { row, upload, output };
      },
    );

    const steer = Effect.fnUntraced(
      function* (_tag: "CancelConversion" | "RetryConversion", conversionId: ConversionId) {
        const { tenantId } = yield* Caller;
        const meta = yield* clientCommand(tenantId);
        const { state, position } = yield* conversions.send({ _tag, conversionId }, meta);
        if (state === null) return yield* Effect.die("a conversion that accepted a command is not there");
        const { requested, job } = state;
        return {
          id: conversionId,
          status: job.status,
          position,
          links: links.conversion(conversionId, requested.uploadId),
        };
      },
    );

    return handlers
      .handle(
        "request",
        Effect.fnUntraced(function* ({ params, payload }) {
          const { tenantId } = yield* Caller;
          const outputs = yield* settleOutputs(payload);
          if (!Arr.isReadonlyArrayNonEmpty(outputs)) return yield* Effect.die("settled to nothing");
          const picture = payload.cover && (yield* requestedCover(payload.cover.data));
          const { source, userId } = yield* readySource(uploads, tenantId, params.id);
          yield* refuseImpossible(outputs, source.media, maxDurationSeconds);
          const albumLevels = yield* resolveAlbum(params.id, outputs);
          const conversionId = yield* nextId("cnv");
          const owner = { tenantId, userId, uploadId: params.id };
          const cover = picture && BlobKey.cover(owner, conversionId, picture.cover);
          if (cover) yield* blobs.put(cover, Stream.succeed(picture.bytes));
          const { position } = yield* conversions.send({
            _tag: "RequestConversion",
            requested: {
              _tag: "ConversionRequested",
              conversionId,
              uploadId: params.id,
              userId,
              source,
              outputs,
              ...(cover && { cover }),
              ...(albumLevels && { albumLevels }),
            },
          }, yield* clientCommand(tenantId)).pipe(orDiscard(blobs, cover));
          return {
            id: conversionId,
            status: "queued",
            position,
            links: links.conversion(conversionId, params.id),
          };
        }, orProblem),
      )
      .handle(
        "show",
        Effect.fnUntraced(function* ({ params, query, headers }) {
          yield* caughtUp(views, query, headers);
          return presentConversion(yield* find(params.id));
        }, orProblem),
      )
      .handle("cancel", ({ params }) => orProblem(steer("CancelConversion", params.id)))
      .handle(
        "retry",
        Effect.fnUntraced(function* ({ params }) {
          const { tenantId } = yield* Caller;
          const state = yield* conversions.state(tenantId, params.id);
          if (state !== null) yield* readySource(uploads, tenantId, state.requested.uploadId);
          if (state?.job.status === "completed") {
            return yield* fail("ALREADY_FINISHED", {
              detail:
                "The conversion is completed: request outputs that failed anew, in a conversion of their own",
            });
          }
          return yield* steer("RetryConversion", params.id);
        }, orProblem),
      )
      .handle(
        "output",
        Effect.fnUntraced(function* ({ params, query, headers }) {
          yield* caughtUp(views, query, headers);
          const { upload, output } = yield* findOutput(params);
          const { extension, mediaType } = traits[output.format];
          const stem = upload.filename.replace(/\.[^.]*$/, "") || "audio";
          const suffix = output.name === output.format ? "" : `-${output.name}`;
          return yield* serveContent(blobs, {
            ...output,
            mediaType,
            filename: `${stem}${suffix}.${extension}`,
          });
        }, orProblem),
      )
      .handle(
        "outputFile",
        Effect.fnUntraced(function* ({ params, query, headers }) {
          yield* caughtUp(views, query, headers);
          const { row, output } = yield* findOutput(params);
          const mediaType = fileTypeOf(params.file);
          if (mediaType === null) return yield* fail("NOT_FOUND", { detail: "There is no such file" });
          return yield* serveContent(blobs, {
            key: BlobKey.renditionFile(row, row.id, output, params.file),
            // The hash of all files and the name of one tell its bytes.
            sha256: `${output.sha256}/${params.file}`,
            mediaType,
            filename: params.file,
          });
        }, orProblem),
      );
  }),
);
