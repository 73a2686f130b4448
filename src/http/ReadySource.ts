import { Effect, Schedule } from "effect";
import type { TenantId, UploadId } from "../../domain/Id.ts";
import type { Actors } from "../../services/actors/Actors.ts";
import { fail } from "../api/Problem.ts";

/** How long a request waits for an upload that is still being probed. */
const patience = Schedule.max([Schedule.spaced("50 millis"), Schedule.recurs(200)]);

/** An upload that media work can start from, or the problem why not. One that has only just come in is waited for. */
export const readySource = (uploads: Actors["Service"]["uploads"], tenantId: TenantId, uploadId: UploadId) =>
  uploads.state(tenantId, uploadId).pipe(
    Effect.repeat({ while: (upload) => upload?.status === "received", schedule: patience }),
    Effect.andThen(uploads.state(tenantId, uploadId)),
    Effect.flatMap((upload) => {
      if (upload === null || upload.status === "deleted") {
        return fail("NOT_FOUND", { detail: "There is no such upload" });
      }
      if (upload.status === "rejected") {
        return fail("UPLOAD_REJECTED", { detail: "The upload was rejected; its `rejection` says why" });
      }
      if (upload.media === null) {
        return fail("NOT_READY", { detail: "The upload is still being probed; try again" });
      }
      const { key, userId } = upload.received;
      return Effect.succeed({ source: { key, media: upload.media }, userId });
    }),
  );
