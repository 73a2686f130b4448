import { Array as Arr, Effect } from "effect";
import { dirname, join } from "node:path";
import { levelsIn } from "../../domain/analysis/AnalysisReport.ts";
import * as BlobKey from "../../domain/BlobKey.ts";
import type {
  Conversion,
  ConversionCommand,
  ConversionCompleted,
  ConversionError,
  RenderedOutput,
} from "../../domain/conversion/Conversion.ts";
import type { ConversionId, TenantId, UploadId } from "../../domain/Id.ts";
import { encodingFor } from "../../domain/media/OutputSpec.ts";
import { filesOf } from "../../domain/media/Streaming.ts";
import { Actors } from "../actors/Actors.ts";
import { BlobStore } from "../BlobStore.ts";
import { MediaEngine } from "../MediaEngine.ts";
import { newestReport } from "../projections/AnalysesProjection.ts";
import { Views } from "../views/Views.ts";
import { deleteAll } from "./DeleteAll.ts";
import { insist } from "./Insistence.ts";
import { type JobKind, makeJobWorker, type Slots } from "./JobWorker.ts";

const unmeasured = { levels: null };

/** Renders the outputs of each conversion and stores them. */
export const makeRenderConversion = Effect.fnUntraced(
  function* (slots: Slots) {
    const { uploads, conversions } = yield* Actors;
    const blobs = yield* BlobStore;
    const media = yield* MediaEngine;
    const views = yield* Views;

    /** The levels and the length that the newest analysis found; no levels where none has, or the view cannot tell. */
    const measured = (tenantId: TenantId, uploadId: UploadId) =>
      views.analysesOf(tenantId, [uploadId]).pipe(
        Effect.map((analyses) => {
          const report = newestReport(analyses);
          return report ? { levels: levelsIn(report), decodedSeconds: report.decodedSeconds } : unmeasured;
        }),
        Effect.orElseSucceed(() => unmeasured),
      );

    const kind: JobKind<
      Conversion,
      ConversionId,
      ConversionCommand,
      ConversionError,
      Pick<typeof ConversionCompleted.Type, "outputs" | "failed" | "encoder">
    > = {
      name: "render",
      types: ["ConversionRequested", "ConversionRetried"],
      cancelled: "ConversionCancelled",
      idOf: (event) => "conversionId" in event ? event.conversionId : null,
      actor: conversions,
      commands: {
        start: (conversionId) => ({ _tag: "StartConversion", conversionId }),
        progress: (conversionId, attempt, progress) => ({
          _tag: "ReportConversionProgress",
          conversionId,
          attempt,
          progress,
        }),
        complete: (conversionId, { outputs, failed, encoder }) => ({
          _tag: "CompleteConversion",
          conversionId,
          outputs,
          failed,
          encoder,
        }),
        fail: (conversionId, attempt, reason) => ({ _tag: "FailConversion", conversionId, attempt, reason }),
        cancel: (conversionId) => ({ _tag: "CancelConversion", conversionId }),
        release: (conversionId, attempt) => ({ _tag: "ReleaseConversion", conversionId, attempt }),
      },
      work: Effect.fnUntraced(function* ({ state: { requested }, tenantId, onProgress }) {
        const workspace = yield* media.workspace;
        const source = join(workspace, "source");
        yield* blobs.fetchTo(requested.source.key, source);
        const cover = join(workspace, "_cover");
        if (requested.cover) yield* blobs.fetchTo(requested.cover, cover);
        const encoder = yield* media.encoder;
        const { files, failed } = yield* media.render({
          workspace,
          source,
          media: requested.source.media,
          encodings: Arr.map(requested.outputs, (spec) => encodingFor(spec, requested.source.media)),
          ...(yield* measured(tenantId, requested.uploadId)),
          albumLevels: requested.albumLevels ?? null,
          ...(requested.cover && { cover }),
          onProgress,
        });
        const outputs = yield* Effect.forEach(
          files,
          Effect.fnUntraced(function* ({ encoding, path, ...facts }) {
            const { name, format, sampleRate, channels } = encoding;
            const owner = { ...requested, tenantId };
            const key = BlobKey.rendition(owner, requested.conversionId, encoding);
            yield* Effect.forEach(
              facts.streaming ? filesOf(format, facts.streaming) : [],
              (file) =>
                blobs.putFile(
                  BlobKey.renditionFile(owner, requested.conversionId, encoding, file),
                  join(dirname(path), name, file),
                ),
              { concurrency: 8, discard: true },
            );
            yield* blobs.putFile(key, path);
            return { name, format, sampleRate, channels, key, ...facts } satisfies RenderedOutput;
          }),
        );
        return {
          outputs,
          failed: failed.map(({ encoding: { name, format }, reason }) => ({ name, format, reason })),
          encoder,
        };
      }, Effect.scoped),
      discard: Effect.fnUntraced(function* ({ state: { requested }, tenantId }) {
        const { cover, conversionId, uploadId } = requested;
        yield* deleteAll(blobs, BlobKey.renditions({ ...requested, tenantId }, conversionId));
        if (cover === undefined) return;
        // Another try needs it; but it may have been stored after the cleanup of its upload.
        const upload = yield* insist(uploads.state(tenantId, uploadId));
        if (upload?.status !== "ready") yield* blobs.delete(cover);
      }),
    };
    return yield* makeJobWorker(kind, slots);
  },
);
