import { PgClient } from "@effect/sql-pg";
import { Cause, Clock, Deferred, Effect, Exit, Option, Predicate, Queue } from "effect";
import { SqlError } from "effect/sql";
import { type Append, type AppendOutcome, EventStoreError } from "../../services/EventStore.ts";
import { callAppend } from "./AppendCall.ts";

interface Waiting {
  readonly append: Append;
  readonly done: Deferred.Deferred<AppendOutcome, EventStoreError>;
  /** What became of it, once that is known. */
  exit: Exit.Exit<AppendOutcome, EventStoreError> | null;
}

const answer = (waiting: Waiting, exit: Exit.Exit<AppendOutcome, EventStoreError>): void => {
  waiting.exit = exit;
  Deferred.doneUnsafe(waiting.done, exit);
};

/** The most appends that share one call. */
const batchSize = 256;

/**
 * Group commit: a lone append goes at once; while calls are in flight, those that arrive meanwhile gather into the next batch.
 * `callsInFlight` says how many calls may run side by side. An append whose deadline has passed when its turn comes is left out.
 */
export const makeAppendBatcher = Effect.fnUntraced(function* (callsInFlight: number) {
  const sql = yield* PgClient.PgClient;
  const queue = yield* Queue.unbounded<Waiting>();

  const call = (batch: ReadonlyArray<Waiting>): Effect.Effect<void> =>
    Effect.suspend(() => callAppend(sql, batch.map(({ append }) => append))).pipe(
      Effect.map((outcomes) =>
        batch.forEach((waiting, index) => {
          const outcome = outcomes[index];
          if (outcome) answer(waiting, Exit.succeed(outcome));
        })
      ),
      Effect.mapError((cause) => new EventStoreError({ reason: reasonOf(cause), cause })),
      Effect.catchCause((cause) =>
        batch.length > 1 && !isOutage(cause)
          // One append that cannot be encoded, or that the database cannot take, must not fail its neighbours.
          ? Effect.forEach(batch, (waiting) => call([waiting]), { discard: true })
          : Effect.sync(() => batch.forEach((waiting) => answer(waiting, Exit.failCause(cause))))
      ),
      Effect.withTracerEnabled(false),
    );

  /** Answers those whose deadline has passed, and returns the others. */
  const dropLate = Effect.fnUntraced(function* (batch: ReadonlyArray<Waiting>) {
    const now = yield* Clock.currentTimeMillis;
    const isLate = ({ append: { deadline } }: Waiting) => deadline !== null && deadline.getTime() <= now;
    yield* Effect.forEach(
      batch.filter(isLate),
      ({ done }) => Deferred.succeed(done, { _tag: "DeadlineExceeded" }),
      { discard: true },
    );
    return batch.filter((waiting) => !isLate(waiting));
  });

  let idle = callsInFlight;
  const pump = Effect.gen(function* () {
    while (true) {
      const { batch, rivals, rest } = split(yield* Queue.takeAll(queue), idle);
      Queue.offerAllUnsafe(queue, rest);
      idle--;
      const inTime = yield* dropLate(batch);
      if (inTime.length > 0) yield* call(inTime);
      idle++;
      Queue.offerAllUnsafe(queue, rivals.filter((rival) => !isBeaten(rival)).map(({ waiting }) => waiting));
    }
  });
  yield* Effect.forEach(Array.from({ length: callsInFlight }), () => Effect.forkScoped(pump), {
    discard: true,
  });

  return (append: Append): Effect.Effect<AppendOutcome, EventStoreError> =>
    Effect.suspend(() => {
      const done = Deferred.makeUnsafe<AppendOutcome, EventStoreError>();
      Queue.offerUnsafe(queue, { append, done, exit: null });
      return Deferred.await(done);
    });
});

/** An append, and the one that it waits for: both want the same place in a stream, and at most one of them can have it. */
interface Rival {
  readonly waiting: Waiting;
  readonly first: Waiting;
}

/**
 * What one of some idle pumps takes of the waiting appends, and what it leaves. The pumps share the streams: one batch is made ready
 * and answered here while another is written in the database; if one pump took all, the two sides would wait for each other. A
 * batch holds no command and no stream twice. Rivals of one of its appends need no call to know that they have lost.
 */
const split = (waiting: ReadonlyArray<Waiting>, idle: number) => {
  const share = Math.ceil(new Set(waiting.map(({ append }) => append.streamId)).size / idle);
  const commands = new Set<string>();
  const streams = new Map<string, Waiting>();
  const batch: Array<Waiting> = [];
  const rivals: Array<Rival> = [];
  const rest: Array<Waiting> = [];
  for (const entry of waiting) {
    const { streamId, context } = entry.append;
    const command = `${context.tenantId} ${context.commandId}`;
    const first = streams.get(streamId);
    if (first !== undefined && areRivals(first.append, entry.append)) {
      rivals.push({ waiting: entry, first });
    } else if (first === undefined && batch.length < Math.min(share, batchSize) && !commands.has(command)) {
      commands.add(command);
      streams.set(streamId, entry);
      batch.push(entry);
    } else {
      rest.push(entry);
    }
  }
  return { batch, rivals, rest };
};

const areRivals = (one: Append, other: Append): boolean =>
  one.expectedVersion === other.expectedVersion && one.events.length > 0 && other.events.length > 0 &&
  (one.context.commandId !== other.context.commandId || one.context.tenantId !== other.context.tenantId);

/** Answers a rival if what became of the first one settles it: the stream is not where both expect it, or nobody can tell. */
const isBeaten = ({ waiting, first: { exit } }: Rival): boolean => {
  if (exit === null) return false;
  if (Exit.isFailure(exit)) {
    if (isOutage(exit.cause)) answer(waiting, exit);
    return isOutage(exit.cause);
  }
  const { value: outcome } = exit;
  if (outcome._tag !== "Appended" && outcome._tag !== "Conflict") return false;
  const actualVersion = outcome._tag === "Appended" ? outcome.version : outcome.actualVersion;
  answer(waiting, Exit.succeed({ _tag: "Conflict", actualVersion }));
  return true;
};

/** SQLSTATE classes of what will fail again however often it is tried: data, constraints, and limits of the program. */
const permanent = /^(22|23|54)/;

const reasonOf = ({ reason: { cause } }: SqlError.SqlError): EventStoreError["reason"] =>
  Predicate.hasProperty(cause, "code") && permanent.test(String(cause.code)) ? "Rejected" : "Unavailable";

/** Whether the database is out of reach: then it is out of reach for every append of the batch. */
const isOutage = (cause: Cause.Cause<EventStoreError>): boolean =>
  Option.exists(Cause.findErrorOption(cause), ({ cause }) => SqlError.isSqlError(cause) && cause.isRetryable);
