import { assert, layer } from "@effect/vitest";
import {
  Cause,
  Context,
  Deferred,
  Effect,
  Exit,
  Latch,
  Layer,
  Queue,
  References,
  Scope,
  Stream,
} from "effect";
import type { DomainEvent, EventType } from "../../../domain/event/DomainEvent.ts";
import type { RecordedEvent } from "../../../domain/event/RecordedEvent.ts";
import { toStored } from "../../../domain/event/StoredEvent.ts";
import type { EventId, TenantId } from "../../../domain/Id.ts";
import { type Consumer, EventBus, maxDeliveries } from "../../../services/EventBus.ts";
import type { EventRecord } from "../../../services/EventRecord.ts";
import { EventStore } from "../../../services/EventStore.ts";
import { currentTraceparent } from "../../../services/TraceContext.ts";
import { appendOf, newId, newTenant, receivedBy, user } from "../Fixtures.ts";

/** A bus that is held to the contract. */
export interface BusUnderTest<R, E> {
  /** The log, kept for the whole suite. */
  readonly log: Layer.Layer<EventStore | R, E>;
  /** A new instance of the bus over the log; it stops when its scope is closed. */
  readonly bus: Layer.Layer<EventBus, E, EventStore | R>;
  /**
   * Runs a test in which deliveries fail without waiting out the pauses between them: under a clock that hurries, or on a bus
   * that was built with short pauses.
   */
  readonly hurried: <A, E, R>(test: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>;
  /** Makes the bus forget what a consumer, which must not be running, has handled. */
  readonly setBack: (consumer: string) => Effect.Effect<unknown, unknown, R>;
}

/** A running bus and the end of it. */
interface RunningBus extends Pick<EventBus["Service"], "live" | "replay" | "replays"> {
  readonly consume: (consumer: Consumer) => Effect.Effect<void>;
  readonly stop: Effect.Effect<void>;
}

interface Given {
  readonly store: EventStore["Service"];
  readonly tenantId: TenantId;
  /** Makes every bus forget what a consumer has handled. */
  readonly setBack: (consumer: string) => Effect.Effect<unknown, unknown>;
  /** Starts an instance of the bus. */
  readonly start: Effect.Effect<RunningBus, unknown, Scope.Scope>;
  /** Appends events to the end of a stream, and gives their ids. */
  readonly append: (
    stream: string,
    ...events: ReadonlyArray<DomainEvent>
  ) => Effect.Effect<ReadonlyArray<EventId>, unknown>;
  /** A consumer of the test's own events, which handles up to four at once and never gives up, unless changed. */
  readonly consumer: (handle: Consumer["handle"], changes?: Partial<Consumer>) => Consumer;
}

const received = ({ tenantId }: Given) => receivedBy(tenantId);
const deleted = (): DomainEvent => ({ _tag: "UploadDeleted", uploadId: newId("upl"), userId: user });
const cancelled = (): DomainEvent => ({ _tag: "ConversionCancelled", conversionId: newId("cnv") });

const idOf = ({ eventId }: RecordedEvent) => eventId;

/** Takes events until each of those expected has come once; gives all that came, in order, without repetitions. */
const takeUntil = Effect.fnUntraced(function* (
  arrivals: Queue.Dequeue<RecordedEvent>,
  expected: ReadonlyArray<EventId>,
) {
  const came = new Map<EventId, RecordedEvent>();
  while (!expected.every((eventId) => came.has(eventId))) {
    const event = yield* Queue.take(arrivals);
    came.set(event.eventId, came.get(event.eventId) ?? event);
  }
  return [...came.values()];
});

/** Lets the other fibers run for a while. */
const settle = Effect.repeat(Effect.yieldNow, { times: 50 });

/** What every adapter of the port `EventBus` keeps to. */
export const eventBusContract = <R, E>(name: string, adapter: BusUnderTest<R, E>): void => {
  layer(adapter.log, { excludeTestServices: true })(name, (it) => {
    const test = (
      sentence: string,
      body: (given: Given) => Effect.fn.Return<void, unknown, Scope.Scope>,
    ) =>
      it.effect(sentence, () =>
        Effect.gen(function* () {
          const log = yield* Effect.context<EventStore | R>();
          const store = Context.get(log, EventStore);
          const tenantId = newTenant();
          const start = Effect.gen(function* () {
            const scope = yield* Effect.acquireRelease(
              Scope.make(),
              (scope) => Scope.close(scope, Exit.void),
            );
            const built = yield* Layer.buildWithScope(Layer.fresh(adapter.bus), scope).pipe(
              Effect.provideContext(log),
            );
            const bus = Context.get(built, EventBus);
            return {
              consume: (consumer: Consumer) => Scope.provide(bus.consume(consumer), scope),
              live: bus.live,
              replay: bus.replay,
              replays: bus.replays,
              stop: Scope.close(scope, Exit.void),
            };
          });
          const append = Effect.fnUntraced(function* (stream: string, ...events: ReadonlyArray<DomainEvent>) {
            const streamId = `${tenantId}/${stream}`;
            const version = (yield* store.readStream(streamId, 0)).length;
            const traceparent = yield* currentTraceparent;
            const append = appendOf(tenantId, streamId, version, events, { traceparent });
            assert.strictEqual((yield* store.append(append))._tag, "Appended");
            return append.events.map(({ eventId }) => eventId);
          });
          const consumer = (handle: Consumer["handle"], changes: Partial<Consumer> = {}): Consumer => ({
            name: `${tenantId}-consumer`,
            types: ["UploadReceived", "UploadDeleted"],
            concurrency: 4,
            giveUp: null,
            ...changes,
            handle: (event) => event.tenantId === tenantId ? handle(event) : Effect.void,
          });
          const setBack = (consumer: string) => Effect.provideContext(adapter.setBack(consumer), log);
          yield* adapter.hurried(
            Effect.gen(() => body({ store, tenantId, setBack, start, append, consumer })),
          );
          // Handlers fail on purpose; what a bus logs about it is left out of the test's output.
        }).pipe(Effect.provideService(References.MinimumLogLevel, "None")));

    test("hands over every event of the asked types, each stream in order, and no other", function* (given) {
      const { start, append, consumer } = given;
      const streams = ["a", "b", "c", "d", "e"];
      const appendAll = Effect.forEach(
        streams,
        (stream) => append(stream, received(given), cancelled(), deleted()),
      );
      const before = yield* appendAll;
      const arrivals = yield* Queue.unbounded<RecordedEvent>();
      const bus = yield* start;
      yield* bus.consume(consumer((event) => Queue.offer(arrivals, event)));
      const after = yield* appendAll;

      const expected = streams.map((_, index) =>
        [before, after].flatMap((ids) => ids[index] ?? []).filter((_, nth) => nth % 3 !== 1)
      );
      const came = yield* takeUntil(arrivals, expected.flat());
      assert.lengthOf(came, expected.flat().length);
      streams.forEach((stream, index) => {
        const ofStream = came.filter(({ streamId }) => streamId === `${given.tenantId}/${stream}`);
        assert.deepStrictEqual(ofStream.map(idOf), expected[index]);
      });
    });

    test("hands every event to each of several consumers", function* (given) {
      const bus = yield* given.start;
      const inboxes = yield* Effect.forEach(
        ["one", "two"],
        Effect.fnUntraced(function* (name) {
          const arrivals = yield* Queue.unbounded<RecordedEvent>();
          const handle = (event: RecordedEvent) => Queue.offer(arrivals, event);
          yield* bus.consume(given.consumer(handle, { name: `${given.tenantId}-${name}` }));
          return arrivals;
        }),
      );
      const ids = yield* given.append("a", received(given), deleted());
      for (const arrivals of inboxes) {
        assert.deepStrictEqual((yield* takeUntil(arrivals, ids)).map(idOf), ids);
      }
    });

    test("handles as many events at once as the consumer allows, and no more", function* (given) {
      const ids = yield* Effect.forEach(
        Array.from({ length: 12 }, (_, index) => index),
        (index) => given.append(`${index}`, received(given)),
      );
      const arrivals = yield* Queue.unbounded<RecordedEvent>();
      const gate = yield* Latch.make();
      const full = yield* Deferred.make<void>();
      let inHand = 0;
      let most = 0;
      const handle = Effect.fnUntraced(function* (event: RecordedEvent) {
        most = Math.max(most, ++inHand);
        if (inHand === 3) yield* Deferred.succeed(full, undefined);
        yield* Latch.await(gate);
        yield* settle;
        inHand--;
        yield* Queue.offer(arrivals, event);
      });
      const bus = yield* given.start;
      yield* bus.consume(given.consumer(handle, { concurrency: 3 }));
      yield* Deferred.await(full);
      yield* settle;
      yield* Latch.open(gate);
      yield* takeUntil(arrivals, ids.flat());
      assert.strictEqual(most, 3);
    });

    test("handles the events of one stream one after another", function* (given) {
      const streams = ["a", "b", "c"];
      const ids = yield* Effect.forEach(
        streams,
        (stream) => given.append(stream, ...Array.from({ length: 6 }, () => received(given))),
      );
      const arrivals = yield* Queue.unbounded<RecordedEvent>();
      const busy = new Set<string>();
      let overlaps = 0;
      const handle = Effect.fnUntraced(function* (event: RecordedEvent) {
        if (busy.has(event.streamId)) overlaps++;
        busy.add(event.streamId);
        yield* settle;
        busy.delete(event.streamId);
        yield* Queue.offer(arrivals, event);
      });
      const bus = yield* given.start;
      yield* bus.consume(given.consumer(handle));
      const came = yield* takeUntil(arrivals, ids.flat());
      assert.strictEqual(overlaps, 0);
      streams.forEach((stream, index) =>
        assert.deepStrictEqual(
          came.filter(({ streamId }) => streamId.endsWith(`/${stream}`)).map(idOf),
          ids[index],
        )
      );
    });

    test(
      "hands an event over again after a failure, a defect or an interruption of its handler",
      function* (given) {
        const arrivals = yield* Queue.unbounded<RecordedEvent>();
        const ends = [Effect.fail("failed"), Effect.die("died"), Effect.interrupt];
        let deliveries = 0;
        const handle = (event: RecordedEvent) =>
          event.event._tag === "UploadReceived"
            ? Effect.andThen(ends[deliveries++] ?? Effect.void, Queue.offer(arrivals, event))
            : Queue.offer(arrivals, event);
        const ids = yield* given.append("a", received(given), deleted());
        const bus = yield* given.start;
        yield* bus.consume(given.consumer(handle));
        const came = yield* takeUntil(arrivals, ids);
        assert.strictEqual(deliveries, 4);
        assert.deepStrictEqual(came.map(idOf), ids, "what follows in the stream waits");
      },
    );

    test("gives an event up after the last delivery, tells why, and goes on", function* (given) {
      const arrivals = yield* Queue.unbounded<RecordedEvent>();
      const givenUp: Array<readonly [EventId, unknown]> = [];
      let deliveries = 0;
      const consumer = given.consumer(
        (event) => {
          if (event.event._tag === "UploadDeleted") return Queue.offer(arrivals, event);
          return Effect.andThen(Effect.sync(() => deliveries++), Effect.fail("always"));
        },
        {
          giveUp: (event, cause) => Effect.sync(() => givenUp.push([event.eventId, Cause.squash(cause)])),
        },
      );
      const [first = assert.fail(), second = assert.fail()] = yield* given.append(
        "a",
        received(given),
        deleted(),
      );
      const bus = yield* given.start;
      yield* bus.consume(consumer);
      yield* takeUntil(arrivals, [second]);
      assert.strictEqual(deliveries, maxDeliveries);
      assert.deepStrictEqual(givenUp, [[first, "always"]]);

      yield* bus.stop;
      const restarted = yield* given.start;
      yield* restarted.consume(consumer);
      yield* takeUntil(arrivals, yield* given.append("a", deleted()));
      assert.strictEqual(deliveries, maxDeliveries, "an event that was given up counts as handled");
    });

    test(
      "claims an event once, for all of its deliveries and for giving it up, and waits with all hands free",
      function* (given) {
        const story: Array<string> = [];
        const latch = yield* Latch.make();
        const ended = yield* Deferred.make<void>();
        const [contested = assert.fail()] = yield* given.append("a", received(given));
        const [other = assert.fail()] = yield* given.append("b", received(given));
        const tell = (word: string) => Effect.sync(() => void story.push(word));
        const bus = yield* given.start;
        yield* bus.consume(given.consumer(
          ({ eventId }) =>
            eventId === other
              ? Effect.andThen(tell("other"), Latch.open(latch))
              : Effect.andThen(tell("handle"), Effect.fail("always")),
          {
            concurrency: 1,
            claim: ({ eventId }) =>
              eventId === contested
                ? Effect.acquireRelease(
                  Effect.andThen(Latch.await(latch), tell("claim")),
                  () => Effect.andThen(tell("let go"), Deferred.succeed(ended, undefined)),
                )
                : Effect.void,
            giveUp: () => tell("give up"),
          },
        ));
        yield* Deferred.await(ended);
        const handled = Array.from({ length: maxDeliveries }, () => "handle");
        assert.deepStrictEqual(story, ["other", "claim", ...handled, "give up", "let go"]);
      },
    );

    test("tries to give up until it succeeds", function* (given) {
      const arrivals = yield* Queue.unbounded<RecordedEvent>();
      const ends = [Effect.fail("failed"), Effect.die("died")];
      let tries = 0;
      const [eventId = assert.fail()] = yield* given.append("a", received(given));
      const bus = yield* given.start;
      yield* bus.consume(given.consumer(() => Effect.fail("always"), {
        giveUp: (event) => Effect.andThen(ends[tries++] ?? Effect.void, Queue.offer(arrivals, event)),
      }));
      yield* takeUntil(arrivals, [eventId]);
      assert.strictEqual(tries, 3);
    });

    test("never gives up an event of a consumer that does not want to", function* (given) {
      const arrivals = yield* Queue.unbounded<RecordedEvent>();
      let deliveries = 0;
      const ids = yield* given.append("a", received(given));
      const bus = yield* given.start;
      yield* bus.consume(
        given.consumer((event) =>
          ++deliveries < maxDeliveries + 3 ? Effect.fail("not yet") : Queue.offer(arrivals, event)
        ),
      );
      yield* takeUntil(arrivals, ids);
      assert.strictEqual(deliveries, maxDeliveries + 3);
    });

    test("handles the events of other streams between the deliveries of one that fails", function* (given) {
      const arrivals = yield* Queue.unbounded<RecordedEvent>();
      const others = new Set<EventId>();
      const [fails = assert.fail()] = yield* given.append("a", received(given));
      const [first = assert.fail()] = yield* given.append("b", received(given));
      const [second = assert.fail()] = yield* given.append("c", received(given));
      const bus = yield* given.start;
      const handle = Effect.fnUntraced(function* (event: RecordedEvent) {
        if (event.eventId !== fails) others.add(event.eventId);
        else if (others.size < 2) return yield* Effect.fail("not before the others");
        yield* Queue.offer(arrivals, event);
      });
      yield* bus.consume(given.consumer(handle, { concurrency: 1 }));
      assert.deepStrictEqual((yield* takeUntil(arrivals, [fails])).map(idOf), [first, second, fails]);
    });

    test("goes on where a consumer stopped, and repeats nothing that was handled", function* (given) {
      const arrivals = yield* Queue.unbounded<RecordedEvent>();
      const consumer = given.consumer((event) => Queue.offer(arrivals, event), { concurrency: 1 });
      const handled = yield* given.append("a", received(given), deleted(), received(given));
      const bus = yield* given.start;
      yield* bus.consume(consumer);
      yield* takeUntil(arrivals, handled);
      // When the handler is called once more, it has returned from the last of these.
      yield* takeUntil(arrivals, yield* given.append("b", deleted()));
      yield* given.append("c", cancelled());
      yield* bus.stop;

      const meanwhile = yield* given.append("a", deleted(), deleted());
      const restarted = yield* given.start;
      yield* restarted.consume(consumer);
      const later = yield* given.append("a", deleted());
      const came = yield* takeUntil(arrivals, [...meanwhile, ...later]);
      const ofStream = came.filter(({ streamId }) => streamId === `${given.tenantId}/a`);
      assert.deepStrictEqual(ofStream.map(idOf), [...meanwhile, ...later]);
    });

    test(
      "hands everything over again, in the same order, when it has forgotten what was handled",
      function* (given) {
        const arrivals = yield* Queue.unbounded<RecordedEvent>();
        const consumer = given.consumer((event) => Queue.offer(arrivals, event));
        const ids = yield* given.append("a", received(given), deleted(), received(given));
        const bus = yield* given.start;
        yield* bus.consume(consumer);
        yield* takeUntil(arrivals, ids);
        yield* bus.stop;

        yield* given.setBack(consumer.name);
        yield* Queue.clear(arrivals);
        const later = yield* given.append("a", deleted());
        const restarted = yield* given.start;
        yield* restarted.consume(consumer);
        assert.deepStrictEqual((yield* takeUntil(arrivals, [...ids, ...later])).map(idOf), [
          ...ids,
          ...later,
        ]);
      },
    );

    test(
      "hands over again what was in hand, or waited for its next delivery, when the bus stopped",
      function* (given) {
        const arrivals = yield* Queue.unbounded<RecordedEvent>();
        const [inHand = assert.fail()] = yield* given.append("a", received(given));
        const [failed = assert.fail()] = yield* given.append("b", received(given));
        const [handled = assert.fail()] = yield* given.append("c", received(given));
        const held = yield* Deferred.make<void>();
        const refused = yield* Deferred.make<void>();
        const bus = yield* given.start;
        yield* bus.consume(given.consumer((event) => {
          if (event.eventId === inHand) {
            return Effect.andThen(Deferred.succeed(held, undefined), Effect.never);
          }
          if (event.eventId === failed) {
            return Effect.andThen(Deferred.succeed(refused, undefined), Effect.fail("later"));
          }
          return Queue.offer(arrivals, event);
        }));
        yield* Deferred.await(held);
        yield* Deferred.await(refused);
        yield* takeUntil(arrivals, [handled]);
        yield* bus.stop;

        const restarted = yield* given.start;
        yield* restarted.consume(given.consumer((event) => Queue.offer(arrivals, event)));
        yield* takeUntil(arrivals, [inHand, failed]);
      },
    );

    test("stops handling when it stops", function* (given) {
      const started = yield* Deferred.make<void>();
      const stopped = yield* Deferred.make<void>();
      const bus = yield* given.start;
      yield* bus.consume(given.consumer(() =>
        Deferred.succeed(started, undefined).pipe(
          Effect.andThen(Effect.never),
          Effect.onInterrupt(() => Deferred.succeed(stopped, undefined)),
        )
      ));
      yield* given.append("a", received(given));
      yield* Deferred.await(started);
      yield* bus.stop;
      assert.isTrue(yield* Deferred.isDone(stopped));
    });

    test("handles an event as part of the trace that wrote it", function* (given) {
      const traces = yield* Queue.unbounded<string>();
      const bus = yield* given.start;
      yield* bus.consume(
        given.consumer(() =>
          Effect.flatMap(Effect.orDie(Effect.currentSpan), ({ traceId }) => Queue.offer(traces, traceId))
        ),
      );
      const traceId = yield* Effect.orDie(Effect.currentSpan).pipe(
        Effect.tap(() => given.append("a", received(given))),
        Effect.map(({ traceId }) => traceId),
        Effect.withSpan("writes", { root: true }),
      );
      assert.strictEqual(yield* Queue.take(traces), traceId);
    });

    test("brings replayed events to those who look, and to no consumer", function* (given) {
      const arrivals = yield* Queue.unbounded<RecordedEvent>();
      const replayed = yield* Queue.unbounded<readonly [string, EventRecord]>();
      const bus = yield* given.start;
      yield* bus.consume(given.consumer((event) => Queue.offer(arrivals, event)));
      yield* bus.replays.pipe(
        Stream.runForEach(({ replayId, record }) => Queue.offer(replayed, [replayId, record])),
        Effect.forkScoped,
      );
      const before = yield* given.store.head;
      const [first = assert.fail(), second = assert.fail()] = yield* given.append(
        "a",
        received(given),
        deleted(),
      );
      yield* takeUntil(arrivals, [first, second]);
      const own = (yield* given.store.read(before, 100)).filter(({ tenantId }) =>
        tenantId === given.tenantId
      );
      const known = own.map(({ event, ...rest }): EventRecord => ({ ...rest, ...toStored(event) }));
      const ofNewerProgram = known.map((event) => ({ ...event, type: "UploadEaten", schemaVersion: 9 }));
      const events = [...known, ...ofNewerProgram];
      yield* Queue.clear(arrivals);

      // The stream does not say when it has begun: events are replayed until one comes through.
      while ((yield* Queue.size(replayed)) === 0) {
        yield* bus.replay("early", events.slice(0, 1));
        yield* Effect.sleep("5 millis");
      }
      yield* bus.replay("a-replay", events);
      const came: Array<EventRecord> = [];
      while (came.length < events.length) {
        const [replayId, record] = yield* Queue.take(replayed);
        if (replayId === "a-replay") came.push(record);
      }
      assert.deepStrictEqual(came, events);
      const marker = yield* given.append("b", deleted());
      assert.deepStrictEqual((yield* takeUntil(arrivals, marker)).map(idOf), marker);
    });

    test("shows live only what comes from now on, of the asked types, in order", function* (given) {
      const types: ReadonlyArray<EventType> = ["UploadReceived", "UploadDeleted"];
      yield* given.append("a", received(given));
      const past = yield* given.store.head;
      const bus = yield* given.start;
      const arrivals = yield* Queue.unbounded<RecordedEvent>();
      yield* bus.live(types).pipe(
        Stream.filter(({ tenantId }) => tenantId === given.tenantId),
        Stream.runForEach((event) => Queue.offer(arrivals, event)),
        Effect.forkScoped,
      );
      // The stream does not say when it has begun: events are sent until one comes through.
      while ((yield* Queue.size(arrivals)) === 0) {
        yield* given.append("b", received(given));
        yield* Effect.sleep("5 millis");
      }
      for (const event of [deleted(), cancelled(), received(given), cancelled(), deleted()]) {
        yield* given.append("c", event);
      }
      const log = yield* given.store.read(past, 1_000);
      const first = yield* Queue.take(arrivals);
      assert.isAbove(first.position, past);
      const expected = log.filter(({ position, event }) =>
        position > first.position && types.includes(event._tag)
      );
      assert.deepStrictEqual(yield* Queue.takeN(arrivals, expected.length), expected);
    });
  });
};
