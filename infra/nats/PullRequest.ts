import { createInbox, type Msg, nanos } from "@nats-io/transport-node";
import { Effect } from "effect";
import { type Nats, NatsError } from "./Nats.ts";

/** How long the server keeps a request for messages, in milliseconds. */
const expires = 5_000;

/** How much later than that the server is taken for gone, in milliseconds. */
const grace = 2_000;

/** The status codes of a request that ended without as many messages as it asked for. */
const overCodes = [404, 408];

/** What a server that ends in order says of each request; the end of the connection follows. */
const goodbye = "Server Shutdown";

/**
 * Asks a durable consumer for at most `count` messages, and shows each to `onMessage` as it comes. Ends when all have come, or after
 * some seconds; fails when the consumer or its stream is gone, or the server does not answer.
 */
export const pull = (
  { connection }: Nats["Service"],
  consumer: { readonly stream: string; readonly durable: string },
  count: number,
  onMessage: (message: Msg) => void,
): Effect.Effect<void, NatsError> =>
  Effect.callback<void, NatsError>((resume) => {
    const inbox = createInbox();
    let left = count;
    const close = () => {
      clearTimeout(timer);
      subscription.unsubscribe();
    };
    const end = (exit: Effect.Effect<void, NatsError>) => {
      close();
      resume(exit);
    };
    const fail = (cause: unknown) => end(Effect.fail(new NatsError({ reason: "Failed", cause })));
    const timer = setTimeout(() => fail(new Error("The server does not answer")), expires + grace);
    const subscription = connection.subscribe(inbox, {
      callback: (error, message) => {
        if (error !== null) return fail(error);
        const { reply, headers } = message;
        if (reply?.startsWith("$JS.ACK.")) {
          onMessage(message);
          if (--left === 0) end(Effect.void);
        } else if (overCodes.includes(headers?.code ?? 0)) {
          end(Effect.void);
        } else if (headers?.description !== goodbye) {
          fail(new Error(`${consumer.durable}: ${headers?.code} ${headers?.description}`));
        }
      },
    });
    connection.publish(
      `$JS.API.CONSUMER.MSG.NEXT.${consumer.stream}.${consumer.durable}`,
      JSON.stringify({ batch: count, expires: nanos(expires) }),
      { reply: inbox },
    );
    return Effect.sync(close);
  });

/** The sequence of a delivered message in its stream. */
export const sequenceOf = ({ reply }: Msg): number => {
  const tokens = reply?.split(".") ?? [];
  // Newer servers name the domain and the account before the stream.
  return Number(tokens[tokens.length > 9 ? 7 : 5]);
};
