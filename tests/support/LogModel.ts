import { Equal } from "effect";
import { Position } from "../../domain/event/RecordedEvent.ts";
import type { Append, AppendOutcome } from "../../services/EventStore.ts";

/** An append that was sent and answered. `sent` and `answered` count up together, over all senders. */
export interface Exchange {
  readonly append: Append;
  readonly outcome: AppendOutcome;
  readonly sent: number;
  readonly answered: number;
}

type Appended = Extract<AppendOutcome, { readonly _tag: "Appended" }>;

interface Write extends Exchange {
  readonly outcome: Appended;
}

interface Receipt extends Omit<Appended, "_tag"> {
  readonly fingerprint: string;
  readonly rejection: unknown;
}

/** A log as it ought to be: nothing but its head, the version of each stream and the receipt of each command. */
interface LogModel {
  readonly head: Position;
  readonly versions: ReadonlyMap<string, number>;
  readonly receipts: ReadonlyMap<string, Receipt>;
}

/** What a log answers to an append. Every deadline is taken to have passed. */
const answer = ({ head, versions, receipts }: LogModel, append: Append): AppendOutcome => {
  if (append.deadline !== null) return { _tag: "DeadlineExceeded" };
  const receipt = receipts.get(append.context.commandId);
  if (receipt !== undefined) {
    const { fingerprint, ...first } = receipt;
    return fingerprint === append.fingerprint ? { _tag: "Duplicate", ...first } : { _tag: "CommandIdReused" };
  }
  const version = versions.get(append.streamId) ?? 0;
  const { events: { length } } = append;
  return version === append.expectedVersion
    ? { _tag: "Appended", version: version + length, position: Position.make(head + length) }
    : { _tag: "Conflict", actualVersion: version };
};

const written = ({ versions, receipts }: LogModel, { append, outcome }: Write): LogModel => {
  const { version, position } = outcome;
  const { fingerprint, rejection, context: { commandId } } = append;
  return {
    head: position,
    versions: new Map(versions).set(append.streamId, version),
    receipts: new Map(receipts).set(commandId, { version, position, fingerprint, rejection }),
  };
};

/** The appends that were written, in the order of the log; one without events comes after those that it found. */
const writesOf = (exchanges: ReadonlyArray<Exchange>): ReadonlyArray<Write> =>
  exchanges
    .flatMap((exchange) =>
      exchange.outcome._tag === "Appended" ? [{ ...exchange, outcome: exchange.outcome }] : []
    )
    .toSorted((a, b) =>
      a.outcome.position - b.outcome.position ||
      Number(a.append.events.length === 0) - Number(b.append.events.length === 0) ||
      a.sent - b.sent
    );

/** An event as it ought to lie in the log. */
export interface ModelEvent {
  readonly position: number;
  readonly streamId: string;
  readonly version: number;
  readonly eventId: string;
}

/** The events that a log holds after a position, given what was answered. */
export const eventsOf = (after: Position, exchanges: ReadonlyArray<Exchange>): ReadonlyArray<ModelEvent> =>
  writesOf(exchanges)
    .flatMap(({ append: { streamId, expectedVersion, events } }) =>
      events.map(({ eventId }, index) => ({ streamId, version: expectedVersion + index + 1, eventId }))
    )
    .map((event, index) => ({ position: after + index + 1, ...event }));

/**
 * What is wrong with the answers of a store, if the log was empty of these streams and commands at a position. They are right if one log,
 * taking one append at a time, would have given them: the writes in the order of their positions, every other append
 * somewhere between them, and none before another that was answered before it was sent.
 */
export const faultsOf = (after: Position, exchanges: ReadonlyArray<Exchange>): ReadonlyArray<string> => {
  const writes = writesOf(exchanges);
  const states: Array<LogModel> = [{ head: after, versions: new Map(), receipts: new Map() }];
  const faults: Array<string> = [];
  for (const [index, write] of writes.entries()) {
    const state = states[index];
    if (state === undefined) break;
    const right = answer(state, write.append);
    if (!Equal.equals(right, write.outcome)) faults.push(`${told(write)} is ${JSON.stringify(right)}`);
    const overtaken = writes.slice(0, index).find((earlier) => earlier.sent > write.answered);
    if (overtaken) faults.push(`${told(write)} comes after ${told(overtaken)}, which was sent later`);
    states.push(written(state, write));
  }
  for (const exchange of exchanges) {
    if (exchange.outcome._tag === "Appended") continue;
    const first = writes.findLastIndex(({ answered }) => answered < exchange.sent) + 1;
    const tooLate = writes.findIndex(({ sent }) => sent > exchange.answered);
    const possible = states.slice(first, tooLate === -1 ? undefined : tooLate + 1)
      .map((state) => answer(state, exchange.append));
    if (!possible.some((right) => Equal.equals(right, exchange.outcome))) {
      faults.push(`${told(exchange)} is one of ${JSON.stringify(possible)}`);
    }
  }
  return faults;
};

const told = ({ append: { streamId, expectedVersion, events, context }, outcome }: Exchange): string =>
  `${context.commandId} with ${events.length} events after ${expectedVersion} of ${streamId}: ${
    JSON.stringify(outcome)
  }`;
