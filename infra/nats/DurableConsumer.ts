import { AckPolicy, DeliverPolicy, JetStreamApiCodes } from "@nats-io/jetstream";
import { nanos } from "@nats-io/transport-node";
import { Effect } from "effect";
import type { Position } from "../../domain/event/RecordedEvent.ts";
import { ConsumerPositions } from "../../services/ConsumerPositions.ts";
import { type Consumer, silentSeconds } from "../../services/EventBus.ts";
import { EventStore } from "../../services/EventStore.ts";
import { subjectCovering } from "./EventMessage.ts";
import { type Copied, copiedBy, durableOf, eventPrefix, eventStream, findStream } from "./EventStream.ts";
import { failedWith, Nats } from "./Nats.ts";

/** After how long the server takes a silent worker for dead and hands its events to another, in milliseconds. */
export const ackWait = silentSeconds * 1_000;

/** How many events of one consumer may be open in all processes together. */
const openEverywhere = 16_384;

/** How often a consumer looks for a stream that is not there, in milliseconds. */
const lookEvery = 250;

/** Waits until there is a stream of this log that reaches back to where a consumer has come to; answers both. */
export const awaitStream = Effect.fnUntraced(function* (consumer: string) {
  const nats = yield* Nats;
  const { load } = yield* ConsumerPositions;
  const epoch = yield* EventStore.use((store) => store.epoch);
  for (let looks = 1;; looks++) {
    const position = yield* load(consumer);
    const info = yield* findStream(nats, eventStream);
    const copied = info && copiedBy(info);
    if (info && copied?.epoch === epoch && copied.base + info.state.first_seq <= position + 1) {
      return { copied, position };
    }
    // A position before the stream's beginning is seen by the relay, too.
    if (looks % 40 === 0) {
      yield* Effect.logWarning(`${consumer} waits for the relay to make the stream of events`);
    }
    yield* Effect.sleep(lookEvery);
  }
});

/** Makes sure of the durable consumer on the server; answers its name there. A new one begins after a position. */
export const ensureDurable = Effect.fnUntraced(
  function* ({ name, types }: Consumer, copied: Copied, position: Position) {
    const { ask, manager } = yield* Nats;
    const durable = durableOf(name, copied);
    const subject = `${eventPrefix}.${subjectCovering(types)}`;
    const find = ask(() => manager.consumers.info(eventStream, durable)).pipe(
      Effect.catchIf(failedWith(JetStreamApiCodes.ConsumerNotFound), () => Effect.succeed(null)),
    );
    const found = yield* find;
    if (found?.config.filter_subject === subject) return durable;
    // It is for other types of events; some of those it has passed over may be wanted now.
    if (found !== null) yield* ask(() => manager.consumers.delete(eventStream, durable));
    yield* ask(() =>
      manager.consumers.add(eventStream, {
        durable_name: durable,
        description: name,
        filter_subject: subject,
        deliver_policy: DeliverPolicy.StartSequence,
        opt_start_seq: position - copied.base + 1,
        ack_policy: AckPolicy.Explicit,
        ack_wait: nanos(ackWait),
        max_ack_pending: openEverywhere,
      })
    ).pipe(
      // Another process may have made it meanwhile, and from a position of its own.
      Effect.catch((error) =>
        Effect.flatMap(find, (made) => made ? Effect.succeed(made) : Effect.fail(error))
      ),
    );
    return durable;
  },
);
