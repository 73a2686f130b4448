import { type ApiError, JetStreamApiError } from "@nats-io/jetstream";
import { createInbox, type Msg, type MsgHdrs } from "@nats-io/transport-node";
import { Effect } from "effect";
import { type Nats, patience } from "./Nats.ts";

/** A message for a stream, and the sequence that is its place there. */
export interface Placed {
  readonly subject: string;
  readonly body: string;
  readonly headers: MsgHdrs;
  readonly sequence: number;
}

/** What JetStream answers to a publish. */
interface Answer {
  readonly seq?: number;
  readonly error?: ApiError;
}

/** A message was stored at another place than its own. */
export class Misplaced extends Error {
  constructor(expected: number, found: number | undefined) {
    super(`what belongs at sequence ${expected} is at ${found}`);
  }
}

/** Messages that were sent together, of which some are not known to be stored. */
interface Batch {
  readonly unanswered: Set<string>;
  readonly end: (error: Error | null) => void;
}

/**
 * Prepares publishing by whole batches. The server acknowledges each message; a batch has one timer and one promise, where the client's
 * own `publish` has several for each message. The promise rejects when one of the messages was refused, was stored at another sequence
 * than its own, or has no answer in time.
 */
export const makeStreamPublisher = Effect.fnUntraced(function* ({ connection }: Nats["Service"]) {
  const inbox = `${createInbox()}.`;
  const batches = new Map<string, Batch>();

  const faultOf = (message: Msg, sequence: number): Error | null => {
    if (message.headers?.code === 503) return new Error("There is no stream for the messages");
    try {
      const { seq, error } = message.json<Answer>();
      if (error !== undefined) return new JetStreamApiError(error);
      return seq === sequence ? null : new Misplaced(sequence, seq);
    } catch (cause) {
      return new Error("The server's answer is not that of JetStream", { cause });
    }
  };

  const onAnswer = (message: Msg) => {
    const [number = "", sequence = ""] = message.subject.slice(inbox.length).split(".");
    const batch = batches.get(number);
    if (batch === undefined || !batch.unanswered.delete(sequence)) return;
    const fault = faultOf(message, Number(sequence));
    if (fault !== null) batch.end(fault);
    else if (batch.unanswered.size === 0) batch.end(null);
  };

  yield* Effect.acquireRelease(
    Effect.sync(() =>
      connection.subscribe(`${inbox}>`, {
        callback: (error, message) => {
          if (error === null) onAnswer(message);
        },
      })
    ),
    (subscription) => Effect.sync(() => subscription.unsubscribe()),
  );

  let last = 0;
  return (messages: ReadonlyArray<Placed>): Promise<void> =>
    new Promise((resolve, reject) => {
      const number = String(++last);
      const end = (error: Error | null) => {
        clearTimeout(timer);
        batches.delete(number);
        if (error === null) resolve();
        else reject(error);
      };
      const timer = setTimeout(() => end(new Error("The server does not answer")), patience);
      batches.set(number, { unanswered: new Set(messages.map(({ sequence }) => String(sequence))), end });
      try {
        for (const { subject, body, headers, sequence } of messages) {
          connection.publish(subject, body, { headers, reply: `${inbox}${number}.${sequence}` });
        }
      } catch (error) {
        end(error instanceof Error ? error : new Error(String(error)));
      }
      if (messages.length === 0) end(null);
    });
});
