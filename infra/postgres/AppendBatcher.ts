import { PgClient } from "@effect/sql-pg";
import { Cause, Deferred, Effect, Option, Predicate, Queue } from "effect";
import { SqlError } from "effect/sql";
import { type Append, type AppendOutcome, EventStoreError } from "../../services/EventStore.ts";
import { callAppend } from "./AppendCall.ts";

interface Waiting {
  readonly append: Append;
  readonly done: Deferred.Deferred<AppendOutcome, EventStoreError>;
}

/** The most appends that share one call. */
const batchSize = 256;

/**
 * Group commit: a lone append goes at once; while calls are in flight, those that arrive meanwhile gather into the next batch.
 * `callsInFlight` says how many calls may run side by side.
 */
export const makeAppendBatcher = Effect.fnUntraced(function* (callsInFlight: number) {
  const sql = yield* PgClient.PgClient;
  const queue = yield* Queue.unbounded<Waiting>();

  const call = (batch: ReadonlyArray<Waiting>): Effect.Effect<void> =>
    Effect.suspend(() => callAppend(sql, batch.map(({ append }) => append))).pipe(
      Effect.flatMap((outcomes) =>
        Effect.forEach(outcomes, (outcome, index) => {
          const waiting = batch[index];
          return waiting ? Deferred.succeed(waiting.done, outcome) : Effect.void;
        }, { discard: true })
      ),
      Effect.mapError((cause) => new EventStoreError({ reason: reasonOf(cause), cause })),
      Effect.catchCause((cause) =>
        batch.length > 1 && !isOutage(cause)
          // One append that cannot be encoded, or that the database cannot take, must not fail its neighbours.
          ? Effect.forEach(batch, (waiting) => call([waiting]), { discard: true })
          : Effect.forEach(batch, ({ done }) => Deferred.failCause(done, cause), { discard: true })
      ),
      Effect.withTracerEnabled(false),
    );

  const pump = Effect.gen(function* () {
    let held: ReadonlyArray<Waiting> = [];
    while (true) {
      const arrived: ReadonlyArray<Waiting> = held.length > 0
        ? yield* Queue.clear(queue)
        : yield* Queue.takeBetween(queue, 1, batchSize);
      const { batch, rest } = split([...held, ...arrived]);
      held = rest;
      yield* call(batch);
    }
  });
  yield* Effect.forEach(Array.from({ length: callsInFlight }), () => Effect.forkScoped(pump), {
    discard: true,
  });

  return Effect.fnUntraced(function* (append: Append) {
    const done = yield* Deferred.make<AppendOutcome, EventStoreError>();
    yield* Queue.offer(queue, { append, done });
    return yield* Deferred.await(done);
  });
});

/** The longest run of waiting appends in which no stream and no command occurs twice, and what is left for later. */
const split = (waiting: ReadonlyArray<Waiting>) => {
  const seen = new Set<string>();
  const batch: Array<Waiting> = [];
  const rest: Array<Waiting> = [];
  for (const entry of waiting) {
    const { streamId, context } = entry.append;
    const command = `${context.tenantId} ${context.commandId}`;
    if (batch.length === batchSize || seen.has(streamId) || seen.has(command)) {
      rest.push(entry);
    } else {
      seen.add(streamId).add(command);
      batch.push(entry);
    }
  }
  return { batch, rest };
};

/** SQLSTATE classes of what will fail again however often it is tried: data, constraints, and limits of the program. */
const permanent = /^(22|23|54)/;

const reasonOf = ({ reason: { cause } }: SqlError.SqlError): EventStoreError["reason"] =>
  Predicate.hasProperty(cause, "code") && permanent.test(String(cause.code)) ? "Rejected" : "Unavailable";

/** Whether the database is out of reach: then it is out of reach for every append of the batch. */
const isOutage = (cause: Cause.Cause<EventStoreError>): boolean =>
  Option.exists(Cause.findErrorOption(cause), ({ cause }) => SqlError.isSqlError(cause) && cause.isRetryable);
