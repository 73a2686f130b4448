import { assert, layer } from "@effect/vitest";
import { Context, Effect, Layer, Queue, Redacted, Stream } from "effect";
import { Nats } from "../../../infra/nats/Nats.ts";
import * as NatsHeadSignal from "../../../infra/nats/NatsHeadSignal.ts";
import * as PgEventStore from "../../../infra/postgres/PgEventStore.ts";
import { EventStore } from "../../../services/EventStore.ts";
import { HeadSignal } from "../../../services/HeadSignal.ts";
import { postgres } from "../../support/Databases.ts";
import { appendOf, newId, newTenant, receivedBy } from "../../support/Fixtures.ts";
import { scratchNats } from "../../support/ScratchNats.ts";

/** What one process has: a connection of its own to NATS, and the log, told of by that. */
const newProcess = (url: string) =>
  PgEventStore.layer({ callsInFlight: 2 }).pipe(
    Layer.provideMerge(NatsHeadSignal.layer),
    Layer.provideMerge(Nats.layer(Redacted.make(url))),
    Layer.fresh,
    Layer.build,
  );

layer(postgres, { excludeTestServices: true })("The signal of the log's growth over NATS", (it) => {
  const newEvent = () => {
    const tenantId = newTenant();
    return appendOf(tenantId, `${tenantId}/${newId("upl")}`, 0, [receivedBy(tenantId)]);
  };

  it.effect("tells other processes how far the log reaches, once for what came at once", () =>
    Effect.gen(function* () {
      const { url } = yield* scratchNats;
      const [writer, reader] = [yield* newProcess(url), yield* newProcess(url)];
      const log = Context.get(writer, EventStore);
      const epoch = yield* log.epoch;
      const told = yield* Queue.unbounded<number>();
      yield* Context.get(reader, HeadSignal).told(epoch).pipe(
        Stream.runForEach((position) => Queue.offer(told, position)),
        Effect.forkScoped({ startImmediately: true }),
      );
      const ofAnother = yield* Queue.unbounded<number>();
      yield* Context.get(reader, HeadSignal).told("another epoch").pipe(
        Stream.runForEach((position) => Queue.offer(ofAnother, position)),
        Effect.forkScoped({ startImmediately: true }),
      );
      // The server knows of a subscription once it has answered what was sent after it.
      yield* Effect.promise(() => Context.get(reader, Nats).connection.flush());

      yield* Effect.forEach(Array.from({ length: 20 }, newEvent), log.append, { concurrency: "unbounded" });
      const head = yield* log.head;
      const heard: Array<number> = [];
      while (heard.at(-1) !== head) heard.push(yield* Queue.take(told));
      assert.isBelow(heard.length, 20);
      assert.deepStrictEqual(heard, heard.toSorted((one, other) => one - other));
      assert.strictEqual(yield* Queue.size(ofAnother), 0);
    }));
});
