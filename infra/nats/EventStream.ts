import { JetStreamApiCodes, type StreamInfo } from "@nats-io/jetstream";
import { Effect } from "effect";
import { Position } from "../../domain/event/RecordedEvent.ts";
import { failedWith, type Nats } from "./Nats.ts";

/** The stream of the log's events. */
export const eventStream = "TAPEDECK_EVENTS";

/** The prefix of its subjects. */
export const eventPrefix = "tapedeck.event";

/** The stream of replayed events. */
export const replayStream = "TAPEDECK_REPLAYS";

/** The prefix of its subjects. */
export const replayPrefix = "tapedeck.replay";

/** What an event stream is a copy of: a history of the log, from after a position on. */
export interface Copied {
  readonly epoch: string;
  /** The position of the event at sequence s is `base + s`. */
  readonly base: Position;
}

/** The description of a stream that says what it is a copy of. */
export const describe = ({ epoch, base }: Copied): string => `epoch=${epoch} base=${base}`;

/** What a stream says it is a copy of; `null` when it says nothing that can be understood. */
export const copiedBy = ({ config }: StreamInfo): Copied | null => {
  const [, epoch, base] = /^epoch=(\S+) base=(\d+)$/.exec(config.description ?? "") ?? [];
  return epoch === undefined ? null : { epoch, base: Position.make(Number(base)) };
};

/**
 * The name under which a consumer is known to a stream. It differs for copies whose sequences mean other positions, so that an
 * acknowledgement of an event from one copy is never taken for that of another event.
 */
export const durableOf = (consumer: string, { epoch, base }: Copied): string =>
  `${consumer}_${epoch.slice(0, 8)}_${base}`;

/** The state of a stream; `null` when it does not exist. */
export const findStream = ({ manager, ask }: Nats["Service"], name: string) =>
  ask(() => manager.streams.info(name)).pipe(
    Effect.catchIf(failedWith(JetStreamApiCodes.StreamNotFound), () => Effect.succeed(null)),
  );
