import { type ConsumerInfo, JetStreamApiCodes, PubHeaders } from "@nats-io/jetstream";
import { Effect, Layer } from "effect";
import { Position } from "../../domain/event/RecordedEvent.ts";
import {
  type Outgoing,
  RelayStream,
  RelayStreamError,
  type StreamState,
} from "../../services/relay/RelayStream.ts";
import { headersOf, rawBodyOf, subjectOf } from "./EventMessage.ts";
import { copiedBy, describe, durableOf, eventPrefix, eventStream, findStream } from "./EventStream.ts";
import { failedWith, Nats, type NatsError } from "./Nats.ts";
import { makeStreamPublisher, Misplaced, type Placed } from "./StreamPublisher.ts";

/** The stream of events on NATS JetStream. */
export const layer = Layer.effect(
  RelayStream,
  Effect.gen(function* () {
    const nats = yield* Nats;
    const { ask, manager } = nats;
    const publishAll = yield* makeStreamPublisher(nats);

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
      return message && message.header.get(PubHeaders.MsgIdHdr);
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

    const toMessage = (base: Position, { event, traceparent }: Outgoing): Placed => {
      const sequence = event.position - base;
      return {
        subject: `${eventPrefix}.${subjectOf(event)}`,
        body: rawBodyOf(event),
        headers: headersOf(event, traceparent, {
          // Repetitions are known by it.
          [PubHeaders.MsgIdHdr]: event.eventId,
          [PubHeaders.ExpectedStreamHdr]: eventStream,
          [PubHeaders.ExpectedLastSeqHdr]: String(sequence - 1),
        }),
        sequence,
      };
    };

    const publish = (base: Position, events: ReadonlyArray<Outgoing>) =>
      Effect.sync(() => {
        const stored = publishAll(events.map((outgoing) => toMessage(base, outgoing)));
        // Whoever waits for it hears of a failure; nobody may be waiting yet.
        stored.catch(() => {});
        return Effect.mapError(ask(() => stored), toRelayError);
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

const toRelayError = (error: NatsError): RelayStreamError => {
  const isRefusal = error.cause instanceof Misplaced ||
    failedWith(JetStreamApiCodes.StreamWrongLastSequence)(error);
  return new RelayStreamError({ reason: isRefusal ? "Refused" : "Unavailable", cause: error.cause });
};
