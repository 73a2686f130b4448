import { PgClient } from "@effect/sql-pg";
import { Cause, Clock, Deferred, Effect, Exit, Option, Queue } from "effect";
import { SqlError } from "effect/sql";
import { type Append, type AppendOutcome, EventStoreError } from "../../services/EventStore.ts";
import { callAppend } from "./AppendCall.ts";
import { isPermanent } from "./SqlState.ts";

interface Waiting {
  readonly append: Append;
  readonly done: Deferred.Deferred<AppendOutcome, EventStoreError>;
}

/** The most appends that share one call. */
const batchSize = 256;

/**
 * Group commit: a lone append goes at once; while calls are in flight, those that arrive meanwhile gather into the next batch.
 * `callsInFlight` says how many calls may run side by side. An append whose deadline has passed when its turn comes is left out.
 */
export const makeAppendBatcher = Effect.fnUntraced(function* (callsInFlight: number) {
  const sql = yield* PgClient.PgClient;
  const queue = yield* Queue.unbounded<Waiting>();

  const call = (batch: ReadonlyArray<Waiting>, rivals: ReadonlyArray<Waiting>): Effect.Effect<void> => {
    const all = [...batch, ...rivals];
    const appends = (some: ReadonlyArray<Waiting>) => some.map(({ append }) => append);
    return Effect.suspend(() => callAppend(sql, appends(batch), appends(rivals))).pipe(
      Effect.map((outcomes) =>
        all.forEach((waiting, index) => {
          const outcome = outcomes[index];
          if (outcome) Deferred.doneUnsafe(waiting.done, Exit.succeed(outcome));
          else Queue.offerUnsafe(queue, waiting);
        })
      ),
      Effect.mapError((cause) => new EventStoreError({ reason: reasonOf(cause), cause })),
      Effect.catchCause((cause) =>
        all.length > 1 && !isOutage(cause)
          // One append that cannot be encoded, or that the database cannot take, must not fail its neighbours.
          ? Effect.forEach(all, (waiting) => call([waiting], []), { discard: true })
          : Effect.forEach(all, ({ done }) => Deferred.failCause(done, cause), { discard: true })
      ),
      Effect.withTracerEnabled(false),
    );
  };

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
      const rivalsInTime = yield* dropLate(rivals);
      if (inTime.length + rivalsInTime.length > 0) yield* call(inTime, rivalsInTime);
      idle++;
    }
  });
  yield* Effect.forEach(Array.from({ length: callsInFlight }), () => Effect.forkScoped(pump), {
    discard: true,
  });

  return (append: Append): Effect.Effect<AppendOutcome, EventStoreError> =>
    Effect.suspend(() => {
      const done = Deferred.makeUnsafe<AppendOutcome, EventStoreError>();
      Queue.offerUnsafe(queue, { append, done });
      return Deferred.await(done);
    });
});

/**
 * What one of some idle pumps takes of the waiting appends, and what it leaves. The pumps share the streams: one batch is made ready
 * and answered here while another is written in the database; if one pump took all, the two sides would wait for each other. The
 * batch holds no command and no stream twice; rivals want a place that one of the batch wants, so that at most one of them can have it.
 */
const split = (waiting: ReadonlyArray<Waiting>, idle: number) => {
  const share = Math.ceil(new Set(waiting.map(({ append }) => append.streamId)).size / idle);
  const commands = new Set<string>();
  const streams = new Map<string, Append>();
  const batch: Array<Waiting> = [];
  const rivals: Array<Waiting> = [];
  const rest: Array<Waiting> = [];
  for (const entry of waiting) {
    const { append } = entry;
    const command = `${append.context.tenantId} ${append.context.commandId}`;
    const first = streams.get(append.streamId);
    if (commands.has(command) || batch.length + rivals.length >= batchSize) {
      rest.push(entry);
    } else if (first === undefined && batch.length < share) {
      commands.add(command);
      streams.set(append.streamId, append);
      batch.push(entry);
    } else if (first !== undefined && areRivals(first, append)) {
      commands.add(command);
      rivals.push(entry);
    } else {
      rest.push(entry);
    }
  }
  return { batch, rivals, rest };
};

const areRivals = (one: Append, other: Append): boolean =>
  one.expectedVersion === other.expectedVersion && one.events.length > 0 && other.events.length > 0;

const reasonOf = (error: SqlError.SqlError): EventStoreError["reason"] =>
  isPermanent(error) ? "Rejected" : "Unavailable";

/** Whether the database is out of reach: then it is out of reach for every append of the batch. */
const isOutage = (cause: Cause.Cause<EventStoreError>): boolean =>
  Option.exists(Cause.findErrorOption(cause), ({ cause }) => SqlError.isSqlError(cause) && cause.isRetryable);
