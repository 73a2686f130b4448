import { type Cause, Effect, Semaphore, Stream } from "effect";
import type { Failure } from "../../domain/ErrorCode.ts";
import type { EventType } from "../../domain/event/DomainEvent.ts";
import type { Position, RecordedEvent } from "../../domain/event/RecordedEvent.ts";
import * as Job from "../../domain/Job.ts";
import type { TenantId, UploadId } from "../../domain/Id.ts";
import type { Actor } from "../actors/Actor.ts";
import { Actors } from "../actors/Actors.ts";
import { causedBy } from "../actors/CommandMeta.ts";
import type { BlobStoreError } from "../BlobStore.ts";
import { type Consumer, EventBus } from "../EventBus.ts";
import type { EventStoreError } from "../EventStore.ts";
import { nextId } from "../Ids.ts";
import { JobClaims } from "../JobClaims.ts";
import type { MediaError, OnProgress } from "../MediaEngine.ts";
import { insist, insistOn } from "./Insistence.ts";

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
  /** Does the work that was asked for at a position of the log, and stores what it made. */
  readonly work: (job: {
    readonly state: State;
    readonly tenantId: TenantId;
    readonly position: Position;
    readonly onProgress: OnProgress;
  }) => Effect.Effect<Product, MediaError | BlobStoreError>;
  /** Removes whatever the work may have stored. */
  readonly discard: (
    job: { readonly state: State; readonly tenantId: TenantId },
  ) => Effect.Effect<unknown, BlobStoreError | EventStoreError>;
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
    const { claim } = yield* JobClaims;

    const send = (recorded: RecordedEvent, command: Command) => insistOn(kind.actor, recorded, command);

    /** Returns when the job has been cancelled; one look at its state covers the moment before the watch began. */
    const cancellation = (tenantId: TenantId, id: Id) => {
      const watch = bus.live([kind.cancelled]).pipe(
        Stream.filter(({ event }) => kind.idOf(event) === id),
        Stream.take(1),
        Stream.runDrain,
      );
      const look = Effect.sleep("1 second").pipe(
        Effect.andThen(insist(kind.actor.state(tenantId, id))),
        Effect.flatMap((state) => state?.job.status === "cancelled" ? Effect.void : Effect.never),
      );
      return Effect.raceFirst(watch, look);
    };

    /** Gives the job back, if the log can be reached at once: whoever starts next finds it all the same. */
    const release = (recorded: RecordedEvent, id: Id, attempt: number) =>
      nextId("cmd").pipe(
        Effect.flatMap((commandId) =>
          kind.actor.send(kind.commands.release(id, attempt), causedBy(recorded, commandId))
        ),
        Effect.timeout("10 seconds"),
        Effect.ignore,
      );

    const perform = Effect.fnUntraced(function* (recorded: RecordedEvent, id: Id, state: State) {
      const { tenantId, position } = recorded;
      const { attempt } = state.job;
      let reported = 0;
      const onProgress: OnProgress = (share) => {
        // Only what the actor will record; everything finer is not a fact.
        if (!Job.isStep({ ...state.job, progress: reported }, attempt, share)) return Effect.void;
        reported = share;
        return Effect.ignore(send(recorded, kind.commands.progress(id, attempt, share)));
      };
      const work = kind.work({ state, tenantId, position, onProgress }).pipe(
        Effect.map((product) => kind.commands.complete(id, product)),
        Effect.catchReason(
          "MediaError",
          "BadInput",
          ({ failure }) => Effect.succeed(kind.commands.fail(id, attempt, failure)),
        ),
      );
      const report = yield* Effect.raceFirst(work, Effect.as(cancellation(tenantId, id), null));
      const after = report === null
        ? yield* insist(kind.actor.state(tenantId, id))
        : (yield* send(recorded, report)).state;
      const upload = yield* insist(uploads.state(tenantId, state.requested.uploadId));
      // What was stored while the upload was being deleted may have escaped its cleanup.
      const isWanted = after?.job.status === "completed" && upload?.status === "ready";
      if (!isWanted) yield* kind.discard({ state, tenantId });
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
      // Known from the start on: it may have been recorded when its answer is cut off.
      let attempt: number | null = null;
      const work = Effect.gen(function* () {
        attempt = before.job.attempt + 1;
        const { state } = yield* send(recorded, kind.commands.start(id));
        // Its attempts are used up.
        if (state?.job.status !== "running") return void (yield* kind.discard({ state: before, tenantId }));
        attempt = state.job.attempt;
        yield* perform(recorded, id, state);
      });
      yield* Effect.onInterrupt(work, () => attempt === null ? Effect.void : release(recorded, id, attempt));
    });

    const giveUp = Effect.fnUntraced(function* (recorded: RecordedEvent, cause: Cause.Cause<unknown>) {
      const id = kind.idOf(recorded.event);
      if (id === null) return;
      yield* Effect.logError(`A job of kind ${kind.name} was given up`, cause);
      const { state } = yield* send(recorded, kind.commands.start(id));
      if (state?.job.status !== "running") return;
      const reason: Failure = { code: "INTERNAL", detail: "The job failed again and again", stage: "store" };
      yield* send(recorded, kind.commands.fail(id, state.job.attempt, reason));
      yield* kind.discard({ state, tenantId: recorded.tenantId });
    });

    return {
      name: kind.name,
      types: kind.types,
      concurrency: slots.count,
      claim: ({ event }) => {
        const id = kind.idOf(event);
        return id === null ? Effect.void : claim(id);
      },
      handle: (recorded) => Semaphore.withPermit(slots.permits, handle(recorded)),
      giveUp,
    } satisfies Consumer;
  },
);
