import { Effect } from "effect";
import * as BlobKey from "../../domain/BlobKey.ts";
import type { RecordedEvent } from "../../domain/event/RecordedEvent.ts";
import * as Id from "../../domain/Id.ts";
import { Actors } from "../actors/Actors.ts";
import { following } from "../actors/CommandMeta.ts";
import type { Consumer } from "../EventBus.ts";
import { Views } from "../views/Views.ts";
import { insist } from "./Insistence.ts";

/**
 * When an upload is deleted: cancels the work that is still going on for it, and requests the removal of its objects. Work
 * that is requested later finds the upload deleted and cancels itself.
 */
export const makeWithdrawUpload = Effect.gen(function* () {
  const { conversions, analyses, cleanups } = yield* Actors;
  const views = yield* Views;

  const handle = Effect.fnUntraced(function* (recorded: RecordedEvent) {
    const { event, tenantId } = recorded;
    if (event._tag !== "UploadDeleted") return;
    const { uploadId, userId } = event;
    // Every job that was requested before the deletion is in the views once they have come this far.
    yield* views.awaitPosition(recorded.position);
    for (const { id: conversionId } of yield* views.conversionsOf(tenantId, [uploadId])) {
      yield* insist(
        conversions.send(
          { _tag: "CancelConversion", conversionId },
          following(recorded, `cancel.${conversionId}`),
        ),
      ).pipe(Effect.catchTag("ConversionError", () => Effect.void));
    }
    for (const { id: analysisId } of yield* views.analysesOf(tenantId, [uploadId])) {
      yield* insist(
        analyses.send({ _tag: "CancelAnalysis", analysisId }, following(recorded, `cancel.${analysisId}`)),
      ).pipe(Effect.catchTag("AnalysisError", () => Effect.void));
    }
    const requested = {
      _tag: "CleanupRequested",
      cleanupId: Id.derive("cln", recorded.eventId),
      uploadId,
      userId,
      prefix: BlobKey.prefix({ tenantId, userId, uploadId }),
    } as const;
    yield* insist(cleanups.send({ _tag: "RequestCleanup", requested }, following(recorded, "cleanup")));
  });

  return {
    name: "withdraw",
    types: ["UploadDeleted"],
    concurrency: 4,
    handle,
    giveUp: null,
  } satisfies Consumer;
});
