import { Array as Arr, Effect } from "effect";
import type { RecordedEvent } from "../../domain/event/RecordedEvent.ts";
import * as Id from "../../domain/Id.ts";
import { Actors } from "../actors/Actors.ts";
import { following } from "../actors/CommandMeta.ts";
import type { Consumer } from "../EventBus.ts";
import { insist } from "./Insistence.ts";

/** Requests what an upload asked for once it is ready: its conversion, and its analysis. */
export const makeRequestJobs = Effect.gen(function* () {
  const { uploads, conversions, analyses } = yield* Actors;

  const handle = Effect.fnUntraced(function* (recorded: RecordedEvent) {
    const { event, tenantId } = recorded;
    if (event._tag !== "UploadReady") return;
    const state = yield* insist(uploads.state(tenantId, event.uploadId));
    if (state?.status !== "ready") return;
    const { uploadId, userId, key, process } = state.received;
    const source = { key, media: event.media };
    if (Arr.isReadonlyArrayNonEmpty(process.outputs)) {
      const conversionId = Id.derive("cnv", recorded.eventId);
      const requested = {
        _tag: "ConversionRequested",
        conversionId,
        uploadId,
        userId,
        source,
        outputs: process.outputs,
      } as const;
      yield* insist(
        conversions.send({ _tag: "RequestConversion", requested }, following(recorded, "conversion")),
      );
    }
    if (process.analysis) {
      const analysisId = Id.derive("anl", recorded.eventId);
      const requested = { _tag: "AnalysisRequested", analysisId, uploadId, userId, source } as const;
      yield* insist(analyses.send({ _tag: "RequestAnalysis", requested }, following(recorded, "analysis")));
    }
  });

  return {
    name: "request-jobs",
    types: ["UploadReady"],
    concurrency: 4,
    handle,
    giveUp: null,
  } satisfies Consumer;
});
