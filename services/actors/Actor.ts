import { Clock, Effect, Random, RcMap, Result, Schema, type Scope, Semaphore } from "effect";
import { createHash } from "node:crypto";
import type { Decider } from "../../domain/Decider.ts";
import type { DomainEvent } from "../../domain/event/DomainEvent.ts";
import type { Position } from "../../domain/event/RecordedEvent.ts";
import type { TenantId } from "../../domain/Id.ts";
import { type Append, EventStore, type EventStoreError } from "../EventStore.ts";
import { nextId } from "../Ids.ts";
import { currentTraceparent } from "../TraceContext.ts";
import type { CommandMeta } from "./CommandMeta.ts";

/** A command could not be carried out although the actor did not refuse it. */
export class ActorError extends Schema.TaggedError<ActorError>()("ActorError", {
  reason: Schema.Literals([
    /** Too many commands wait for this actor: try again later. */
    "Overloaded",
    /** Other writers were faster again and again: try again later. */
    "Contended",
    /** The command id was used before with another command. */
    "CommandIdReused",
    /** Its deadline passed while it waited: this command wrote nothing. */
    "DeadlineExceeded",
  ]),
  actorId: Schema.String,
}) {}

/** What a command led to: the actor's state after it, and the log position from which reads will show it. */
export interface Accepted<State> {
  readonly state: State;
  readonly position: Position;
}

/** How a decider is hosted: its schemas, and which id a command is for. */
export interface ActorDefinition<
  State,
  Event extends DomainEvent,
  Command extends { readonly _tag: string },
  Error,
> {
  readonly name: string;
  readonly decider: Decider<State, Event, Command, Error>;
  readonly event: Schema.Codec<Event, unknown>;
  readonly command: Schema.Codec<Command, unknown>;
  readonly error: Schema.Codec<Error, unknown>;
  readonly idOf: (command: Command) => string;
}

/** A running actor type: send commands to its actors, or look at one. */
export interface Actor<State, Command, Error> {
  readonly send: (
    command: Command,
    meta: CommandMeta,
  ) => Effect.Effect<Accepted<State>, Error | ActorError | EventStoreError>;
  readonly state: (tenantId: TenantId, id: string) => Effect.Effect<State, EventStoreError>;
}

/** How many commands may wait for one actor. */
export const mailboxCapacity = 64;

/** How often an append is tried again after another writer won. */
const conflictRetries = 3;

interface Loaded<State> {
  readonly state: State;
  readonly version: number;
}

interface Mailbox<State> {
  readonly turn: Semaphore.Semaphore;
  waiting: number;
  loaded: Loaded<State>;
}

/**
 * Hosts a decider: one mailbox for each actor id (commands for one id in order, different ids in parallel), state folded from the
 * log and kept while the actor is in use, appends with the expected version, receipts for every command. Idle actors are
 * dropped after a minute. An actor lives in its tenant's own stream, so another tenant's id names an actor that does not exist.
 */
export const makeActor = Effect.fnUntraced(
  function* <State, Event extends DomainEvent, Command extends { readonly _tag: string }, Error>(
    definition: ActorDefinition<State, Event, Command, Error>,
  ): Effect.fn.Return<Actor<State, Command, Error>, never, EventStore | Scope.Scope> {
    const { decider, name } = definition;
    const store = yield* EventStore;
    const isOwnEvent = Schema.is(definition.event);
    const encodeCommand = Schema.encodeSync(Schema.fromJsonString(definition.command));
    const encodeError = Schema.encodeSync(definition.error);
    const decodeError = Schema.decodeUnknownSync(definition.error);

    const mailboxes = yield* RcMap.make({
      lookup: (_streamId: string) =>
        Effect.map(Semaphore.make(1), (turn): Mailbox<State> => ({
          turn,
          waiting: 0,
          loaded: { state: decider.initial, version: 0 },
        })),
      idleTimeToLive: "1 minute",
    });

    const catchUp = Effect.fnUntraced(function* (streamId: string, { state, version }: Loaded<State>) {
      const recorded = yield* store.readStream(streamId, version);
      return recorded.reduce<Loaded<State>>((loaded, { event, version }) => {
        if (!isOwnEvent(event)) throw new Error(`${event._tag} does not belong into stream ${streamId}`);
        return { state: decider.evolve(loaded.state, event), version };
      }, { state, version });
    });

    const tooLate = (command: Command) =>
      Effect.fail(new ActorError({ reason: "DeadlineExceeded", actorId: definition.idOf(command) }));

    const attempt = Effect.fnUntraced(function* (
      mailbox: Mailbox<State>,
      streamId: string,
      command: Command,
      context: Append["context"],
      deadline: Date | null,
    ) {
      const isLate = deadline !== null && deadline.getTime() <= (yield* Clock.currentTimeMillis);
      if (isLate) return yield* tooLate(command);
      if (mailbox.loaded.version === 0) mailbox.loaded = yield* catchUp(streamId, mailbox.loaded);
      const { state, version } = mailbox.loaded;
      const decision = decider.decide(state, command);
      const events = Result.isSuccess(decision) ? decision.success : [];
      const outcome = yield* store.append({
        streamId,
        expectedVersion: version,
        events: yield* Effect.forEach(
          events,
          (event) => Effect.map(nextId("evt"), (eventId) => ({ eventId, event })),
        ),
        context,
        fingerprint: createHash("sha256").update(encodeCommand(command)).digest("hex"),
        rejection: Result.isFailure(decision) ? encodeError(decision.failure) : null,
        deadline,
      });
      switch (outcome._tag) {
        case "Appended": {
          mailbox.loaded = { state: events.reduce(decider.evolve, state), version: outcome.version };
          yield* Effect.forEach(events, logEvent, { discard: true });
          if (Result.isFailure(decision)) return yield* Effect.fail(decision.failure);
          return { state: mailbox.loaded.state, position: outcome.position };
        }
        case "Duplicate": {
          if (outcome.rejection !== null) return yield* Effect.fail(decodeError(outcome.rejection));
          mailbox.loaded = yield* catchUp(streamId, mailbox.loaded);
          return { state: mailbox.loaded.state, position: outcome.position };
        }
        case "CommandIdReused":
          return yield* new ActorError({ reason: "CommandIdReused", actorId: definition.idOf(command) });
        case "DeadlineExceeded":
          return yield* tooLate(command);
        case "Conflict":
          mailbox.loaded = yield* catchUp(streamId, mailbox.loaded);
          return "conflict" as const;
      }
    });

    const send = Effect.fnUntraced(function* (command: Command, meta: CommandMeta) {
      const actorId = definition.idOf(command);
      const streamId = streamOf(meta.tenantId, actorId);
      yield* Effect.annotateCurrentSpan({
        "tapedeck.actor.id": actorId,
        "tapedeck.tenant.id": meta.tenantId,
      });
      const mailbox = yield* RcMap.get(mailboxes, streamId);
      if (mailbox.waiting >= mailboxCapacity) {
        return yield* new ActorError({ reason: "Overloaded", actorId });
      }
      const { deadline, ...identity } = meta;
      const context: Append["context"] = {
        ...identity,
        traceparent: yield* currentTraceparent,
        issuedAt: new Date(yield* Clock.currentTimeMillis),
      };
      mailbox.waiting++;
      const inTurn = Effect.gen(function* () {
        for (let tried = 0; tried <= conflictRetries; tried++) {
          const result = yield* attempt(mailbox, streamId, command, context, deadline);
          if (result !== "conflict") return result;
          yield* Effect.sleep(yield* Random.nextIntBetween(1, 10 * (tried + 1)));
        }
        return yield* new ActorError({ reason: "Contended", actorId });
      });
      return yield* Semaphore.withPermit(mailbox.turn, inTurn).pipe(
        Effect.ensuring(Effect.sync(() => mailbox.waiting--)),
      );
    }, Effect.scoped);

    return {
      send: (command, meta) =>
        send(command, meta).pipe(
          Effect.withSpan(`${name}.${command._tag}`),
          Effect.annotateLogs({ actor: definition.idOf(command), tenant: meta.tenantId }),
        ),
      state: (tenantId, id) =>
        Effect.map(
          catchUp(streamOf(tenantId, id), { state: decider.initial, version: 0 }),
          ({ state }) => state,
        ),
    };
  },
);

const streamOf = (tenantId: TenantId, actorId: string): string => `${tenantId}/${actorId}`;

/** Every fact is a log line; one that tells of a failure says which. */
const logEvent = (event: DomainEvent): Effect.Effect<void> =>
  "reason" in event
    ? Effect.logWarning(`${event._tag}: ${event.reason.code}, ${event.reason.detail}`)
    : Effect.logInfo(event._tag);
