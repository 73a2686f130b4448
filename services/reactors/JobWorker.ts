import { type Cause, Effect, Semaphore, Stream } from "effect";
import type { Failure } from "../../domain/ErrorCode.ts";
import type { EventType } from "../../domain/event/DomainEvent.ts";
import type { RecordedEvent } from "../../domain/event/RecordedEvent.ts";
import type { TenantId } from "../../domain/Id.ts";
import * as Job from "../../domain/Job.ts";
import type { UploadId } from "../../domain/Id.ts";
import type { Actor } from "../actors/Actor.ts";
import { Actors } from "../actors/Actors.ts";
import { causedBy } from "../actors/CommandMeta.ts";
import type { BlobStoreError } from "../BlobStore.ts";
import { type Consumer, EventBus } from "../EventBus.ts";
import { nextId } from "../Ids.ts";
import type { MediaError, OnProgress } from "../MediaEngine.ts";
import { insist } from "./Insistence.ts";

/** A kind of media job: its actor's vocabulary, and the work itself. */
export interface JobKind<State extends JobState, Id extends string, Command, Error, Product> {
  readonly name: string;
  readonly types: ReadonlyArray<EventType>;
  readonly cancelled: EventType;
  readonly idOf: (event: RecordedEvent["event"]) => Id | null;
  readonly actor: Actor<State | null, Command, Error>;
  readonly commands: {
    readonly start: (id: Id) => Command;
    readonly progress: (id: Id, attempt: number, progress: number) => Command;
    readonly complete: (id: Id, product: Product) => Command;
    readonly fail: (id: Id, attempt: number, reason: Failure) => Command;
    readonly cancel: (id: Id) => Command;
    readonly release: (id: Id, attempt: number) => Command;
  };
  /** Does the work and stores what it made. */
  readonly work: (
    job: { readonly state: State; readonly tenantId: TenantId; readonly onProgress: OnProgress },
  ) => Effect.Effect<Product, MediaError | BlobStoreError>;
  /** Removes whatever the work may have stored. */
  readonly discard: (
    job: { readonly state: State; readonly tenantId: TenantId },
  ) => Effect.Effect<unknown, BlobStoreError>;
}

/** How many media jobs run at once, of all kinds together. */
export interface Slots {
  readonly permits: Semaphore.Semaphore;
  readonly count: number;
}

interface JobState {
  readonly job: Job.Job;
  readonly requested: { readonly uploadId: UploadId };
}

/**
 * Carries out media jobs of one kind, `slots` of all kinds at a time: starts an attempt, works, and records how it ended. A job is
 * cancelled when its upload has been deleted, stopped when it is cancelled meanwhile, and given back when the worker shuts down.
 */
export const makeJobWorker = Effect.fnUntraced(
  function* <State extends JobState, Id extends string, Command, Error, Product>(
    kind: JobKind<State, Id, Command, Error, Product>,
    slots: Slots,
  ) {
    const { uploads } = yield* Actors;
    const bus = yield* EventBus;

    const send = (recorded: RecordedEvent, command: Command) =>
      Effect.flatMap(
        nextId("cmd"),
        (commandId) => insist(kind.actor.send(command, causedBy(recorded, commandId))),
      );

    const cancellation = (id: Id) =>
      bus.live([kind.cancelled]).pipe(
        Stream.filter(({ event }) => kind.idOf(event) === id),
        Stream.take(1),
        Stream.runDrain,
      );

    const perform = Effect.fnUntraced(function* (recorded: RecordedEvent, id: Id, state: State) {
      const { tenantId } = recorded;
      const { attempt } = state.job;
      let reported = 0;
      const onProgress: OnProgress = (share) => {
        // Only what the actor will record; everything finer is not a fact.
        if (!Job.isStep({ ...state.job, progress: reported }, attempt, share)) return Effect.void;
        reported = share;
        return Effect.ignore(send(recorded, kind.commands.progress(id, attempt, share)));
      };
      const work = kind.work({ state, tenantId, onProgress }).pipe(
        Effect.map((product) => kind.commands.complete(id, product)),
        Effect.catchReason(
          "MediaError",
          "BadInput",
          ({ failure }) => Effect.succeed(kind.commands.fail(id, attempt, failure)),
        ),
      );
      const report = yield* Effect.raceFirst(work, Effect.as(cancellation(id), null));
      const after = report === null
        ? yield* insist(kind.actor.state(tenantId, id))
        : (yield* send(recorded, report)).state;
      if (after?.job.status !== "completed") yield* kind.discard({ state, tenantId });
    });

    const handle = Effect.fnUntraced(function* (recorded: RecordedEvent) {
      const id = kind.idOf(recorded.event);
      if (id === null) return;
      const { tenantId } = recorded;
      const before = yield* insist(kind.actor.state(tenantId, id));
      if (before === null || before.job.status === "completed") return;
      // Over, but perhaps its worker was lost before it could tidy up.
      if (!Job.isActive(before.job)) return void (yield* kind.discard({ state: before, tenantId }));
      const upload = yield* insist(uploads.state(tenantId, before.requested.uploadId));
      if (upload?.status !== "ready") {
        yield* send(recorded, kind.commands.cancel(id));
        return void (yield* kind.discard({ state: before, tenantId }));
      }
      const { state } = yield* send(recorded, kind.commands.start(id));
      if (state?.job.status !== "running") return;
      yield* perform(recorded, id, state).pipe(
        Effect.onInterrupt(() => Effect.ignore(send(recorded, kind.commands.release(id, state.job.attempt)))),
      );
    });

    const giveUp = Effect.fnUntraced(function* (recorded: RecordedEvent, cause: Cause.Cause<unknown>) {
      const id = kind.idOf(recorded.event);
      if (id === null) return;
      yield* Effect.logError(`A job of kind ${kind.name} was given up`, cause);
      const { state } = yield* send(recorded, kind.commands.start(id));
      if (state?.job.status !== "running") return;
      const reason: Failure = { code: "INTERNAL", detail: "The job failed again and again", stage: "store" };
      yield* send(recorded, kind.commands.fail(id, state.job.attempt, reason));
    });

    return {
      name: kind.name,
      types: kind.types,
      concurrency: slots.count,
      handle: (recorded) => Semaphore.withPermit(slots.permits, handle(recorded)),
      giveUp,
    } satisfies Consumer;
  },
);
