import { Context, Effect, Layer, Schema, Semaphore } from "effect";
import type { AnalysisError } from "../../domain/analysis/Analysis.ts";
import {
  allParts,
  type AnalysisPart,
  AnalysisParts,
  currentAnalyser,
  sampleParts,
} from "../../domain/analysis/AnalysisPart.ts";
import { TenantId } from "../../domain/Id.ts";
import type { ActorError } from "../actors/Actor.ts";
import { Actors } from "../actors/Actors.ts";
import { initial } from "../actors/CommandMeta.ts";
import { EventStore, type EventStoreError } from "../EventStore.ts";
import { nextId } from "../Ids.ts";
import { Limits } from "../Limits.ts";
import { Recogniser } from "../Recogniser.ts";
import {
  OutdatedAnalyses,
  type OutdatedAnalysis,
  type OutdatedFilter,
  UploadRef,
} from "../views/OutdatedAnalyses.ts";
import type { ViewsError } from "../views/Views.ts";

/** Which parts of which analyses are to be measured again. */
export const RefreshScope = Schema.Struct({
  /** What an analyser of a lower version than this measured, or than the current one, where that is lower; the current one unless given. */
  olderThan: Schema.optionalKey(Schema.Int.check(Schema.isGreaterThan(0))),
  /** All of them unless given. Without a recogniser no transcript is outdated. */
  parts: Schema.optionalKey(AnalysisParts),
  tenant: Schema.optionalKey(TenantId),
});
export type RefreshScope = typeof RefreshScope.Type;

/** How many uploads have outdated parts, and no analysis under way. */
export const Outdated = Schema.Struct({ uploads: Schema.Int });

/** The next step of a refresh: beyond the upload with which the step before ended. */
export const RefreshStep = Schema.Struct({ ...RefreshScope.fields, after: Schema.optionalKey(UploadRef) });
export type RefreshStep = typeof RefreshStep.Type;

/** What a step came to. */
export const Refreshed = Schema.Struct({
  /** How many analyses it has asked for: none while enough are under way. */
  requested: Schema.Int,
  /** With which upload it ended. */
  after: Schema.optionalKey(UploadRef),
  /** Whether there is nothing beyond. */
  isDone: Schema.Boolean,
});

type Failure = ViewsError | EventStoreError | ActorError | AnalysisError;

/**
 * Measures a library again after the analyser has changed, step by step, at the pace of whoever asks for steps. Nothing is remembered
 * between them: what has been measured again is not outdated any more, and what is queued is not asked for twice.
 */
export class AnalysisRefresh extends Context.Service<AnalysisRefresh, {
  readonly outdated: (scope: RefreshScope) => Effect.Effect<typeof Outdated.Type, Failure>;
  /**
   * Asks for the outdated parts of the next uploads, so many that the analyses under way, whoever asked for them, leave one of the media
   * slots free; where there is only one slot, for one upload when nothing is under way.
   */
  readonly step: (step: RefreshStep) => Effect.Effect<typeof Refreshed.Type, Failure>;
}>()("tapedeck/services/refresh/AnalysisRefresh") {
  static readonly layer = Layer.effect(
    AnalysisRefresh,
    Effect.gen(function* () {
      const views = yield* OutdatedAnalyses;
      const { uploads, analyses } = yield* Actors;
      const store = yield* EventStore;
      const { workerConcurrency } = yield* Limits;
      const turn = yield* Semaphore.make(1);
      const available = (yield* Recogniser) === null ? sampleParts : allParts;
      const caughtUp = Effect.flatMap(store.head, views.awaitPosition);

      const request = Effect.fnUntraced(function* ({ tenantId, uploadId, parts }: OutdatedAnalysis) {
        const upload = yield* uploads.state(tenantId, uploadId);
        if (upload?.status !== "ready" || upload.media === null) return false;
        const { key, userId } = upload.received;
        const analysisId = yield* nextId("anl");
        const source = { key, media: upload.media };
        const requested = { _tag: "AnalysisRequested", analysisId, uploadId, userId, source, parts } as const;
        yield* analyses.send(
          { _tag: "RequestAnalysis", requested },
          initial(tenantId, yield* nextId("cmd"), null),
        );
        return true;
      });

      const step = Effect.fnUntraced(function* (step: RefreshStep) {
        yield* caughtUp;
        const room = Math.max(1, workerConcurrency - 1) - (yield* views.active);
        if (room <= 0) return { requested: 0, ...(step.after && { after: step.after }), isDone: false };
        const found = yield* views.find(filterOf(step, available), room);
        const isRequested = yield* Effect.forEach(found, request);
        const last = found.at(-1) ?? step.after;
        return {
          requested: isRequested.filter((is) => is).length,
          ...(last && { after: { tenantId: last.tenantId, uploadId: last.uploadId } }),
          isDone: found.length < room,
        };
      });

      return {
        outdated: Effect.fn("AnalysisRefresh.outdated")(function* (scope) {
          yield* caughtUp;
          return { uploads: yield* views.count(filterOf(scope, available)) };
        }),
        step: Effect.fn("AnalysisRefresh.step")((options) => Semaphore.withPermit(turn, step(options))),
      };
    }),
  );
}

const filterOf = (
  { olderThan, parts, tenant, after }: RefreshStep,
  available: ReadonlyArray<AnalysisPart>,
): OutdatedFilter => ({
  versions: Object.fromEntries(
    available
      .filter((part) => parts?.includes(part) ?? true)
      .map((part) => [part, Math.min(olderThan ?? Infinity, currentAnalyser[part])]),
  ),
  tenantId: tenant,
  after,
});
