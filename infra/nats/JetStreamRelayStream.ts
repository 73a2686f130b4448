import { type ConsumerInfo, JetStreamApiCodes } from "@nats-io/jetstream";
import { Effect, Layer } from "effect";
import { Position } from "../../domain/event/RecordedEvent.ts";
import {
  type Outgoing,
  RelayStream,
  RelayStreamError,
  type StreamState,
} from "../../services/relay/RelayStream.ts";
import { bodyOf, headersOf, subjectOf } from "./EventMessage.ts";
import { copiedBy, describe, durableOf, eventPrefix, eventStream, findStream } from "./EventStream.ts";
import { failedWith, Nats, type NatsError } from "./Nats.ts";

/** The header that JetStream knows repetitions by; it holds the event's id. */
const idHeader = "Nats-Msg-Id";

/** The stream of events on NATS JetStream. */
export const layer = Layer.effect(
  RelayStream,
  Effect.gen(function* () {
    const nats = yield* Nats;
    const { ask, client, manager } = nats;

    const state = findStream(nats, eventStream).pipe(
      Effect.map((info): StreamState | null => {
        const copied = info && copiedBy(info);
        if (info === null || copied === null) return null;
        const { first_seq, last_seq, messages, num_deleted } = info.state;
        const at = (sequence: number) => Position.make(copied.base + sequence);
        return {
          ...copied,
          first: at(messages === 0 ? last_seq + 1 : first_seq),
          last: at(last_seq),
          isWhole: (num_deleted ?? 0) === 0,
        };
      }),
      Effect.mapError(toRelayError),
    );

    const lastEventId = ask(async () => {
      const { state: { messages, last_seq } } = await manager.streams.info(eventStream);
      const message = messages === 0
        ? null
        : await manager.streams.getMessage(eventStream, { seq: last_seq });
      return message && message.header.get(idHeader);
    }).pipe(Effect.mapError(toRelayError));

    const recreate = (epoch: string, base: Position) =>
      ask(() => manager.streams.delete(eventStream)).pipe(
        Effect.catchIf(failedWith(JetStreamApiCodes.StreamNotFound), () => Effect.void),
        Effect.andThen(ask(() =>
          manager.streams.add({
            name: eventStream,
            subjects: [`${eventPrefix}.>`],
            description: describe({ epoch, base }),
            allow_direct: true,
          })
        )),
        Effect.asVoid,
        Effect.mapError(toRelayError),
      );

    const publishOne = async (base: Position, { recorded, traceparent }: Outgoing): Promise<void> => {
      const sequence = recorded.position - base;
      const { seq } = await client.publish(`${eventPrefix}.${subjectOf(recorded)}`, bodyOf(recorded), {
        msgID: recorded.eventId,
        headers: headersOf(recorded, traceparent),
        expect: { streamName: eventStream, lastSequence: sequence - 1 },
      });
      if (seq !== sequence) {
        throw new RelayStreamError({
          reason: "Refused",
          cause: new Error(`position ${recorded.position} is at sequence ${seq} instead of ${sequence}`),
        });
      }
    };

    const publish = (base: Position, events: ReadonlyArray<Outgoing>) =>
      Effect.sync(() => {
        const stored = Promise.all(events.map((outgoing) => publishOne(base, outgoing)));
        // Whoever waits for it hears of a failure; nobody may be waiting yet.
        stored.catch(() => {});
        return Effect.asVoid(Effect.mapError(
          ask(() => stored),
          (error) => error.cause instanceof RelayStreamError ? error.cause : toRelayError(error),
        ));
      });

    /** The position before the first event that a consumer has not acknowledged. */
    const floorOf = Effect.fnUntraced(
      function* (state: StreamState, { ack_floor, config }: ConsumerInfo, known: Position) {
        const from = Math.max(ack_floor.stream_seq, known - state.base) + 1;
        if (state.base + from > state.last) return state.last;
        const next = yield* ask(() =>
          manager.direct.getMessage(eventStream, {
            seq: from,
            next_by_subj: config.filter_subject ?? `${eventPrefix}.>`,
          })
        );
        // Counts of what is pending are not relied on: what is next is looked up in the stream itself.
        return next === null ? state.last : Position.make(state.base + next.seq - 1);
      },
    );

    const handled = Effect.fnUntraced(
      function* (state: StreamState, known: ReadonlyMap<string, Position>) {
        const consumers = yield* ask(async () => {
          const found: Array<ConsumerInfo> = [];
          for await (const info of manager.consumers.list(eventStream)) found.push(info);
          return new Map(found.map((info) => [info.name, info]));
        });
        const reached = new Map<string, Position>();
        for (const [name, position] of known) {
          const info = consumers.get(durableOf(name, state));
          reached.set(name, info === undefined ? position : yield* floorOf(state, info, position));
        }
        return reached;
      },
      Effect.mapError(toRelayError),
    );

    const trim = ({ base }: StreamState, upTo: Position) =>
      ask(() => manager.streams.purge(eventStream, { seq: upTo - base + 1 })).pipe(
        Effect.asVoid,
        Effect.mapError(toRelayError),
      );

    return RelayStream.of({ state, lastEventId, recreate, publish, handled, trim });
  }),
);

const toRelayError = (error: NatsError): RelayStreamError =>
  new RelayStreamError({
    reason: failedWith(JetStreamApiCodes.StreamWrongLastSequence)(error) ? "Refused" : "Unavailable",
    cause: error.cause,
  });
