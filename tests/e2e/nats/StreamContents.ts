import { assert } from "@effect/vitest";
import { jetstream, type JetStreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { eventually, type Json } from "../../support/RunningService.ts";
import type { StoredRow } from "../../support/StoredLog.ts";

const stream = "TAPEDECK_EVENTS";

/** Does something with the server as an operator could. */
export const onServer = async <A>(
  url: string,
  work: (
    manager: JetStreamManager,
    publish: (subject: string, body: string) => Promise<unknown>,
  ) => Promise<A>,
): Promise<A> => {
  const connection = await connect({ servers: new URL(url).host });
  try {
    const client = jetstream(connection);
    const manager = await client.jetstreamManager();
    return await work(manager, (subject, body) => client.publish(subject, body));
  } finally {
    await connection.close();
  }
};

/** The body of the message at the end of the stream, and its subject. */
export const lastMessage = (url: string): Promise<{ readonly subject: string; readonly body: string }> =>
  onServer(url, async (manager) => {
    const { state } = await manager.streams.info(stream);
    const message = await manager.streams.getMessage(stream, { seq: state.last_seq });
    return { subject: message?.subject ?? "", body: message?.string() ?? "" };
  });

/** Deletes what consumers have acknowledged, so that all that is in the stream is delivered again. */
export const forgetStream = (url: string): Promise<unknown> =>
  onServer(url, (manager) => manager.streams.delete(stream));

/** How many messages a consumer has been given and has not acknowledged; none while there is no stream. */
export const inHand = (url: string, consumer: string): Promise<number> =>
  onServer(url, async (manager) => {
    const isThere = (await manager.streams.names().next()).includes(stream);
    let count = 0;
    for await (const { config, num_ack_pending } of isThere ? manager.consumers.list(stream) : []) {
      if (config.description === consumer) count += num_ack_pending;
    }
    return count;
  });

/** Every message of the stream in turn is an event of the log, and its last one is the log's last. */
export const assertStreamIs = async (url: string, log: ReadonlyArray<StoredRow>): Promise<void> =>
  await onServer(url, async (manager) => {
    const reach = async (): Promise<Json> => {
      const { state, config } = await manager.streams.info(stream);
      return { ...state, base: Number(/base=(\d+)/.exec(config.description ?? "")?.[1]) };
    };
    const { first_seq, last_seq, base } = await eventually(
      reach,
      ({ base, last_seq }) => base + last_seq >= log.length,
    );
    assert.strictEqual(base + last_seq, log.length);
    for (let sequence = first_seq; sequence <= last_seq; sequence++) {
      const row = log[base + sequence - 1];
      const message = await manager.streams.getMessage(stream, { seq: sequence });
      assert.containsSubset(message?.json<Json>(), {
        position: base + sequence,
        streamId: row?.stream_id,
        version: row?.version,
        type: row?.type,
      });
    }
  });
