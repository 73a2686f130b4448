import { Effect, Schema } from "effect";
import { albumLevels } from "../../domain/analysis/AlbumLevels.ts";
import { AnalysisCurves } from "../../domain/analysis/AnalysisCurves.ts";
import type { UploadId } from "../../domain/Id.ts";
import type { Levels } from "../../domain/media/Loudness.ts";
import type { OutputSpec } from "../../domain/media/OutputSpec.ts";
import { BlobStore, type BlobStoreError } from "../../services/BlobStore.ts";
import { EventStore, type EventStoreError } from "../../services/EventStore.ts";
import { newestReport } from "../../services/projections/AnalysesProjection.ts";
import { readJson } from "../../services/StoredJson.ts";
import { Views, type ViewsError } from "../../services/views/Views.ts";
import { Caller } from "../api/Authorization.ts";
import { fail, type Problem } from "../api/Problem.ts";
import { orFresh } from "./ReadYourWrites.ts";

/** What is read of the curves. */
const LoudnessCurve = Schema.Struct({ momentary: AnalysisCurves.fields.momentary });

/**
 * The levels of the album that outputs of an upload name, from the newest completed analysis of each upload in it; `null` where they name
 * none. Fails with the first upload that does not exist for the caller, or has not been analysed.
 */
export const resolveAlbum = Effect.fnUntraced(function* (
  uploadId: UploadId,
  outputs: ReadonlyArray<OutputSpec>,
): Effect.fn.Return<
  Levels | null,
  Problem | ViewsError | EventStoreError | BlobStoreError,
  Caller | Views | EventStore | BlobStore
> {
  const index = outputs.findIndex(({ loudness }) => loudness?.album !== undefined);
  const listed = outputs[index]?.loudness?.album;
  if (listed === undefined) return null;
  const fieldOf = (id: UploadId) => {
    const at = listed.indexOf(id);
    return `outputs[${index}].loudness.album${at < 0 ? "" : `[${at}]`}`;
  };
  const views = yield* Views;
  const store = yield* EventStore;
  const blobs = yield* BlobStore;
  const { tenantId } = yield* Caller;
  // In one order, so that sums, and the gain, are the same to the last bit whichever upload is converted.
  const ids = [...new Set([...listed, uploadId])].sort();
  for (const id of ids) {
    const upload = yield* orFresh(views.upload(tenantId, id), views, store);
    if (upload === null || upload.status === "deleted") {
      return yield* fail("NOT_FOUND", { field: fieldOf(id), detail: `There is no upload ${id}` });
    }
  }
  const analyses = yield* views.analysesOf(tenantId, ids);
  const tracks = yield* Effect.forEach(
    ids,
    Effect.fnUntraced(function* (id) {
      const report = newestReport(analyses.filter(({ uploadId }) => uploadId === id));
      if (report === null) {
        const detail = `The upload ${id} has no completed analysis`;
        return yield* fail("NOT_READY", { field: fieldOf(id), detail });
      }
      if (report.errors.loudness !== undefined) {
        const detail = `The loudness of the upload ${id} could not be measured; request its analysis again`;
        return yield* fail("NOT_READY", { field: fieldOf(id), detail });
      }
      const curves = report.curves && (yield* readJson(blobs, report.curves.key, LoudnessCurve));
      const { loudness, decodedSeconds } = report;
      return { ...loudness, decodedSeconds, momentary: curves && curves.momentary };
    }),
  );
  return albumLevels(tracks);
});
