import { Effect, Layer, Queue, Schema, Stream } from "effect";
import { Position } from "../../domain/event/RecordedEvent.ts";
import { HeadSignal } from "../../services/HeadSignal.ts";
import { Nats } from "./Nats.ts";

/** The subject on which processes tell one another how far the log reaches; nothing keeps these messages. */
const subject = "tapedeck.head";

const Body = Schema.fromJsonString(Schema.Struct({ epoch: Schema.String, position: Position }));
const decode = Schema.decodeUnknownOption(Body);

/** The signal over NATS. Of what is told at once only the furthest is sent. */
export const layer = Layer.effect(
  HeadSignal,
  Effect.gen(function* () {
    const { connection } = yield* Nats;
    let unsent: { readonly epoch: string; readonly position: Position } | null = null;

    const send = () => {
      const body = unsent;
      unsent = null;
      if (body !== null && !connection.isClosed()) connection.publish(subject, JSON.stringify(body));
    };

    const tell = (epoch: string, position: Position) =>
      Effect.sync(() => {
        if (unsent === null) setTimeout(send, 0);
        if (unsent === null || unsent.epoch !== epoch || unsent.position < position) {
          unsent = { epoch, position };
        }
      });

    const told = (epoch: string) =>
      Stream.callback<Position>((queue) =>
        Effect.acquireRelease(
          Effect.sync(() =>
            connection.subscribe(subject, {
              callback: (error, message) => {
                const body = error === null ? decode(message.string()) : undefined;
                if (body?._tag === "Some" && body.value.epoch === epoch) {
                  Queue.offerUnsafe(queue, body.value.position);
                }
              },
            })
          ),
          (subscription) => Effect.sync(() => subscription.unsubscribe()),
        )
      );

    return { tell, told };
  }),
);
