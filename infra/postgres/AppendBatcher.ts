import { PgClient } from "@effect/sql-pg";
import { Cause, Clock, Deferred, Effect, Exit, Option, Queue } from "effect";
import { SqlError } from "effect/sql";
import type { Position } from "../../domain/event/RecordedEvent.ts";
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
 * The most rivals of an append that share its call. Only one of them all can have the place; the others are better left alone until
 * their turn comes.
 */
const mostRivals = 2;

/**
 * Group commit: a lone append goes at once; while calls are in flight, those that arrive meanwhile gather into the next batch.
 * `callsInFlight` says how many calls may run side by side; `grown` is told how far each has brought the log before its appends
 * are answered; it must be quick and not fail. An append whose deadline has passed when its turn comes is left out.
 */
export const makeAppendBatcher = Effect.fnUntraced(function* (
  callsInFlight: number,
  grown: (position: Position) => Effect.Effect<void>,
) {
  const sql = yield* PgClient.PgClient;
  const queue = yield* Queue.unbounded<Waiting>();
  /** The streams that calls in flight write to, each with the appends that wait for the outcome. */
  const busy = new Map<string, Array<Waiting>>();

  const answer = (asked: ReadonlyArray<Waiting>, outcomes: ReadonlyArray<AppendOutcome | null>) =>
    asked.forEach((waiting, index) => {
      const outcome = outcomes[index];
      if (outcome) Deferred.doneUnsafe(waiting.done, Exit.succeed(outcome));
      else Queue.offerUnsafe(queue, waiting);
    });

  /** Makes a call; what it returns tells the outcomes. */
  const call = (
    batch: ReadonlyArray<Waiting>,
    rivals: ReadonlyArray<Waiting>,
  ): Effect.Effect<() => void> => {
    const all = [...batch, ...rivals];
    const appends = (some: ReadonlyArray<Waiting>) => some.map(({ append }) => append);
    return Effect.suspend(() => callAppend(sql, appends(batch), appends(rivals))).pipe(
      Effect.tap((outcomes) => {
        const last = outcomes.findLast((outcome) => outcome?._tag === "Appended");
        return last === undefined ? Effect.void : grown(last.position);
      }),
      Effect.map((outcomes) => () => {
        // Losers first: the next place in the stream shall be one of theirs.
        answer(rivals, outcomes.slice(batch.length));
        answer(batch, outcomes);
      }),
      Effect.mapError((cause) => new EventStoreError({ reason: reasonOf(cause), cause })),
      Effect.catchCause((cause) =>
        all.length > 1 && !isOutage(cause)
          // One append that cannot be encoded, or that the database cannot take, must not fail its neighbours.
          ? Effect.forEach(all, (waiting) => Effect.map(call([waiting], []), (tell) => tell())).pipe(
            Effect.as(() => {}),
          )
          : Effect.succeed(() => {
            for (const { done } of all) Deferred.doneUnsafe(done, Exit.failCause(cause));
          })
      ),
      Effect.withTracerEnabled(false),
    );
  };

  let idle = callsInFlight;
  const pump = Effect.gen(function* () {
    while (true) {
      const waiting = dropLate(yield* Queue.takeAll(queue), yield* Clock.currentTimeMillis);
      const { batch, rivals, rest } = split(waiting, idle, busy);
      Queue.offerAllUnsafe(queue, rest);
      if (batch.length === 0) continue;
      for (const { append } of batch) busy.set(append.streamId, []);
      idle--;
      const tell = yield* call(batch, rivals);
      idle++;
      for (const { append } of batch) {
        Queue.offerAllUnsafe(queue, busy.get(append.streamId) ?? []);
        busy.delete(append.streamId);
      }
      tell();
      // Those who have just been answered may have more to append, of a newer version than what has waited.
      yield* Effect.yieldNow;
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

/** Answers those whose deadline has passed, and returns the others. */
const dropLate = (waiting: ReadonlyArray<Waiting>, now: number): ReadonlyArray<Waiting> => {
  const isLate = ({ append: { deadline } }: Waiting) => deadline !== null && deadline.getTime() <= now;
  for (const { done } of waiting.filter(isLate)) {
    Deferred.doneUnsafe(done, Exit.succeed({ _tag: "DeadlineExceeded" }));
  }
  return waiting.filter((entry) => !isLate(entry));
};

/**
 * What one of some idle pumps takes of the waiting appends, and what it leaves. The pumps share the streams: one batch is made ready
 * and answered here while another is written in the database; if one pump took all, the two sides would wait for each other. The
 * batch holds no command and no stream twice: of a stream the first of those that expect the newest version, since versions only
 * grow. Its rivals want a place in the same stream that at most one of them can have. What wants to a stream that is `busy` joins
 * those who wait there.
 */
const split = (
  waiting: ReadonlyArray<Waiting>,
  idle: number,
  busy: ReadonlyMap<string, Array<Waiting>>,
) => {
  /** By stream, the one that goes first before the others. */
  const groups = new Map<string, [Waiting, ...Array<Waiting>]>();
  for (const entry of waiting) {
    const { streamId, expectedVersion } = entry.append;
    const held = busy.get(streamId);
    if (held !== undefined) {
      held.push(entry);
      continue;
    }
    const group = groups.get(streamId);
    if (group === undefined) groups.set(streamId, [entry]);
    else if (expectedVersion > group[0].append.expectedVersion) group.unshift(entry);
    else group.push(entry);
  }
  const share = Math.min(batchSize, Math.ceil(groups.size / idle));
  const commands = new Set<string>();
  const isFirstOfCommand = ({ append: { context } }: Waiting) =>
    commands.size < commands.add(context.commandId).size;
  const batch: Array<Waiting> = [];
  const rivals: Array<Waiting> = [];
  const rest: Array<Waiting> = [];
  for (const group of groups.values()) {
    const [first, ...others] = group;
    if (batch.length === share || !isFirstOfCommand(first)) {
      rest.push(...group);
      continue;
    }
    batch.push(first);
    let room = mostRivals;
    for (const other of others) {
      const isRival = room > 0 && first.append.events.length > 0 && isFirstOfCommand(other);
      if (isRival) room--;
      (isRival ? rivals : rest).push(other);
    }
  }
  return { batch, rivals, rest };
};

const reasonOf = (error: SqlError.SqlError): EventStoreError["reason"] =>
  isPermanent(error) ? "Rejected" : "Unavailable";

/** Whether the database is out of reach: then it is out of reach for every append of the batch. */
const isOutage = (cause: Cause.Cause<EventStoreError>): boolean =>
  Option.exists(Cause.findErrorOption(cause), ({ cause }) => SqlError.isSqlError(cause) && cause.isRetryable);
