import { Effect } from "effect";
import { join } from "node:path";
import type { Failure } from "../../domain/ErrorCode.ts";
import type { RecordedEvent } from "../../domain/event/RecordedEvent.ts";
import type { UploadReceived } from "../../domain/upload/Upload.ts";
import { Actors } from "../actors/Actors.ts";
import { BlobStore } from "../BlobStore.ts";
import type { Consumer } from "../EventBus.ts";
import { MediaEngine } from "../MediaEngine.ts";
import { insist, insistOn } from "./Insistence.ts";

/** Probes each upload that comes in, and finds it ready or rejects it. */
export const makeProbeUpload = Effect.fnUntraced(function* (concurrency: number) {
  const { uploads } = yield* Actors;
  const blobs = yield* BlobStore;
  const media = yield* MediaEngine;

  const probe = Effect.fnUntraced(function* ({ key }: typeof UploadReceived.Type) {
    const source = join(yield* media.workspace, "source");
    yield* blobs.fetchTo(key, source);
    return yield* media.probe(source);
  }, Effect.scoped);

  const reject = Effect.fnUntraced(function* (recorded: RecordedEvent, reason: Failure) {
    const { event } = recorded;
    if (event._tag !== "UploadReceived") return;
    yield* insistOn(uploads, recorded, { _tag: "RejectUpload", uploadId: event.uploadId, reason });
  });

  const handle = Effect.fnUntraced(function* (recorded: RecordedEvent) {
    const { event, tenantId } = recorded;
    if (event._tag !== "UploadReceived") return;
    const { uploadId } = event;
    const state = yield* insist(uploads.state(tenantId, uploadId));
    if (state?.status !== "received") return;
    yield* probe(event).pipe(
      Effect.flatMap((media) => insistOn(uploads, recorded, { _tag: "MarkUploadReady", uploadId, media })),
      Effect.asVoid,
      Effect.catchReason("MediaError", "BadInput", ({ failure }) => reject(recorded, failure)),
    );
  });

  return {
    name: "probe",
    types: ["UploadReceived"],
    concurrency,
    handle,
    giveUp: (recorded, cause) =>
      Effect.andThen(
        Effect.logError("An upload could not be probed", cause),
        reject(recorded, {
          code: "INTERNAL",
          detail: "The upload could not be probed, although it was tried again and again",
          stage: "probe",
        }),
      ),
  } satisfies Consumer;
});
