import { assert, type Vitest } from "@effect/vitest";
import { Effect } from "effect";
import type { DomainEvent } from "../../../domain/event/DomainEvent.ts";
import { Position } from "../../../domain/event/RecordedEvent.ts";
import { StoredEventError } from "../../../domain/event/StoredEvent.ts";
import type { UnreadableEvent } from "../../../services/EventStore.ts";
import type { ParkedFilter } from "../../../services/projections/ParkedEvents.ts";
import { failure, newId, receivedBy } from "../Fixtures.ts";
import { type GivenTally, tallyTests, type ViewKeepers } from "../TallyTests.ts";
import { tallyIn } from "../Tally.ts";

const at = (position: number) => Position.make(position);

/** What every database in which events are parked keeps to. */
export const parkedEventsContract = (it: Vitest.MethodsNonLive<ViewKeepers>): void => {
  const test = tallyTests(it);

  /** Two uploads: three events of the first and two of the second, in turns. */
  const history = ({ tenantId, logOf }: GivenTally, ...more: ReadonlyArray<DomainEvent>) => {
    const [a, b] = [newId("upl"), newId("upl")];
    const received = (uploadId: typeof a, sessionId: string) => receivedBy(tenantId, { uploadId, sessionId });
    const log = logOf(
      received(a, "1"),
      received(b, "2"),
      received(a, "3"),
      received(b, "4"),
      received(a, "5"),
      ...more,
    );
    const event = (position: number) => log[position - 1] ?? assert.fail();
    return { a, b, log, event };
  };

  const listed = ({ parked, tally }: GivenTally, filter: Partial<ParkedFilter> = {}) =>
    parked.list([tally], { streamId: null, after: at(0), limit: 100, ...filter });

  const positions = (given: GivenTally, filter: Partial<ParkedFilter> = {}) =>
    Effect.map(listed(given, filter), (events) => events.map(({ position }) => Number(position)));

  test("parks an event with everything that tells where it comes from, and moves past it", function* (given) {
    const { parked, tally, tenantId, states, rowsIn } = given;
    const { a, event } = history(given);
    const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    const traced = { ...event(1), traceparent };
    assert.isTrue(yield* parked.park(tally, at(0), traced, "It cannot be folded"));
    const [found, ...others] = yield* listed(given);
    assert.isEmpty(others);
    const { parkedAt, ...rest } = found ?? assert.fail();
    assert.deepStrictEqual<object>(rest, {
      projection: tally.name,
      position: 1,
      eventId: traced.eventId,
      streamId: a,
      type: "UploadReceived",
      tenantId,
      traceparent,
      error: "It cannot be folded",
      attempts: 1,
    });
    assert.deepStrictEqual<unknown>((yield* states).live?.position, 1);
    assert.isAtMost(Math.abs(parkedAt.getTime() - ((yield* states).live?.updatedAt.getTime() ?? 0)), 1_000);
    assert.deepStrictEqual(yield* rowsIn("live"), []);
  });

  test("parks what cannot even be read", function* (given) {
    const { parked, tally, tenantId } = given;
    const unreadable: UnreadableEvent = {
      unreadable: new StoredEventError({
        reason: "UnknownType",
        type: "UploadForgotten",
        schemaVersion: 1,
        position: at(1),
        detail: "unknown",
      }),
      position: at(1),
      streamId: "stream",
      eventId: newId("evt"),
      type: "UploadForgotten",
      tenantId,
      traceparent: null,
    };
    assert.isTrue(yield* parked.park(tally, at(0), unreadable, "unknown"));
    const [found] = yield* listed(given);
    assert.deepInclude<object | undefined>(found, {
      type: "UploadForgotten",
      traceparent: null,
      streamId: "stream",
    });
  });

  test("parks and moves in one transaction, or does neither", function* (given) {
    const { parked, sql, tally, apply, states } = given;
    const { log, event } = history(given);
    yield* apply("live", log, 0, 2);
    for (const elsewhere of [0, 1, 3]) {
      assert.isFalse(yield* parked.park(tally, at(elsewhere), event(elsewhere + 1), "Unfoldable"));
    }
    assert.isEmpty(yield* listed(given));
    assert.deepStrictEqual<unknown>((yield* states).live?.position, 2);

    yield* sql`
      INSERT INTO parked_events (projection, version, position, event_id, stream_id, type, tenant_id, attempts)
      VALUES (${tally.name}, 1, 3, 'e', 's', 't', 'tenant', 1)`;
    yield* Effect.flip(parked.park(tally, at(2), event(3), "Unfoldable"));
    assert.deepStrictEqual<unknown>((yield* states).live?.position, 2);
  });

  test("parks later events of a stream behind, while other streams go on", function* (given) {
    const { parked, tally, apply, rowsIn, states } = given;
    const { b, log, event } = history(given);
    yield* parked.park(tally, at(0), event(1), "Unfoldable");
    assert.isTrue(yield* apply("live", log, 1, 3));
    assert.isTrue(yield* apply("live", log, 3));
    assert.deepStrictEqual<unknown>((yield* states).live?.position, 5);
    assert.deepStrictEqual(
      (yield* listed(given)).map(({ position, error, attempts }) => [Number(position), error, attempts]),
      [[1, "Unfoldable", 1], [3, null, 0], [5, null, 0]],
    );
    assert.deepStrictEqual(yield* rowsIn("live"), [{ id: b, received: 2, lastNote: "4" }]);
  });

  test("goes on past stretches in which the view has nothing to apply", function* (given) {
    const { store, parked, tally, states } = given;
    const { event } = history(given);
    yield* parked.park(tally, at(0), event(1), "Unfoldable");
    const live = { projection: tally, slot: "live" } as const;
    assert.isTrue(yield* store.apply(live, at(1), { events: [], reached: at(9) }, 0));
    assert.deepStrictEqual<unknown>((yield* states).live?.position, 9);
    assert.deepStrictEqual(yield* positions(given), [1]);
  });

  test("applies what was parked, each once and in order, and then the stream goes on", function* (given) {
    const { parked, tally, tenantId, logOf, apply, rowsIn } = given;
    const { a, b, event, log } = history(given);
    yield* parked.park(tally, at(0), event(1), "Unfoldable");
    yield* apply("live", log, 1);
    const rowsAfter: Array<unknown> = [];
    for (const position of [1, 1, 3, 5]) {
      yield* parked.apply(tally, event(position));
      rowsAfter.push((yield* rowsIn("live"))[0]);
    }
    assert.deepStrictEqual(rowsAfter, [
      { id: a, received: 1, lastNote: "1" },
      { id: a, received: 1, lastNote: "1" },
      { id: a, received: 2, lastNote: "3" },
      { id: a, received: 3, lastNote: "5" },
    ]);
    assert.isEmpty(yield* listed(given));
    const more = [...log, ...logOf(receivedBy(tenantId, { uploadId: a, sessionId: "6" }))]
      .map((event, index) => ({ ...event, position: at(index + 1) }));
    yield* apply("live", more, 5);
    assert.deepStrictEqual(yield* rowsIn("live"), [
      { id: a, received: 4, lastNote: "6" },
      { id: b, received: 2, lastNote: "4" },
    ]);
  });

  test("keeps an event that fails again, and counts", function* (given) {
    const { parked, tally, rowsIn } = given;
    const uploadId = newId("upl");
    const [rejected] = given.logOf({ _tag: "UploadRejected", uploadId, reason: failure });
    const event = rejected ?? assert.fail();
    yield* parked.park(tally, at(0), event, "first");
    const error = yield* Effect.flip(parked.apply(tally, event));
    assert.strictEqual(error.reason, "Poison");
    yield* parked.failedAgain(tally, at(1), "second");
    yield* parked.failedAgain(tally, at(1), "third");
    yield* parked.failedAgain(tallyIn(tally.name, 2), at(1), "of another version");
    const [found] = yield* listed(given);
    assert.deepInclude<object | undefined>(found, { error: "third", attempts: 3 });
    assert.deepStrictEqual(yield* rowsIn("live"), []);
  });

  test("takes an event out without applying it, once", function* (given) {
    const { parked, tally, apply, rowsIn } = given;
    const { b, event, log } = history(given);
    yield* parked.park(tally, at(0), event(1), "Unfoldable");
    yield* apply("live", log, 1);
    assert.isFalse(yield* parked.skip(tally, at(2)));
    assert.isFalse(yield* parked.skip(tallyIn(tally.name, 2), at(1)));
    assert.isTrue(yield* parked.skip(tally, at(1)));
    assert.isFalse(yield* parked.skip(tally, at(1)));
    assert.deepStrictEqual(yield* positions(given), [3, 5]);
    assert.deepStrictEqual((yield* rowsIn("live")).map(({ id }) => id), [b]);
  });

  test("lists in the order of the log, by projection, stream, position and number", function* (given) {
    const { store, parked, tally, apply } = given;
    const { a, b, event, log } = history(given);
    yield* parked.park(tally, at(0), event(1), "Unfoldable");
    yield* parked.park(tally, at(1), event(2), "Unfoldable");
    yield* apply("live", log, 2);
    const cases: ReadonlyArray<readonly [Partial<ParkedFilter>, ReadonlyArray<number>]> = [
      [{}, [1, 2, 3, 4, 5]],
      [{ streamId: a }, [1, 3, 5]],
      [{ streamId: b }, [2, 4]],
      [{ streamId: "none" }, []],
      [{ after: at(3) }, [4, 5]],
      [{ limit: 2 }, [1, 2]],
      [{ streamId: a, after: at(1), limit: 1 }, [3]],
    ];
    for (const [filter, expected] of cases) {
      assert.deepStrictEqual(yield* positions(given, filter), [...expected], JSON.stringify(filter));
    }
    // Each version of a view has its own, also when a newer one has been there and is gone again.
    const newer = tallyIn(tally.name, 2);
    yield* store.prepare({ projection: newer, slot: "live" });
    yield* parked.park(newer, at(0), event(1), "Unfoldable");
    const all = { streamId: null, after: at(0), limit: 100 };
    assert.lengthOf(yield* parked.list([newer], all), 1);
    assert.lengthOf(yield* parked.list([tally, newer], all), 6);
    assert.lengthOf(yield* parked.list([], all), 0);
    assert.deepStrictEqual(yield* positions(given), [1, 2, 3, 4, 5]);
  });
};
