import { assert, type Vitest } from "@effect/vitest";
import { Effect } from "effect";
import type { DomainEvent } from "../../../domain/event/DomainEvent.ts";
import { Position } from "../../../domain/event/RecordedEvent.ts";
import { failure, newId, receivedBy } from "../Fixtures.ts";
import { restored, tallyTests, type ViewKeepers } from "../TallyTests.ts";

/** What every database tells about the slots of views, and how it keeps to the history of its log. */
export const slotsContract = (it: Vitest.MethodsNonLive<ViewKeepers>): void => {
  const test = tallyTests(it);

  test("tells where each slot stands", function* ({ store, shadows, tally, tenantId, logOf, states }) {
    const [live, rebuild] = [{ projection: tally, slot: "live" }, {
      projection: tally,
      slot: "rebuild",
    }] as const;
    const begun = yield* states;
    assert.hasAllKeys(begun, ["live"]);
    const fresh = {
      position: Position.make(0),
      paused: false,
      status: "running",
      error: null,
      eventsPerSecond: 0,
      parked: 0,
      nextRecordedAt: null,
    };
    assert.deepInclude<object | undefined>(begun.live, { slot: "live", ...fresh });
    yield* shadows.begin(tally, "rebuild");
    yield* store.apply(live, Position.make(0), {
      events: logOf(receivedBy(tenantId)),
      reached: Position.make(7),
    }, 12.5);
    yield* store.noteFailure(rebuild, "It broke", true);
    const after = yield* states;
    assert.hasAllKeys(after, ["live", "rebuild"]);
    assert.deepInclude<object | undefined>(after.live, { ...fresh, position: 7, eventsPerSecond: 12.5 });
    assert.deepInclude<object | undefined>(after.rebuild, {
      ...fresh,
      slot: "rebuild",
      status: "failed",
      error: "It broke",
    });
    assert.deepStrictEqual(after.live?.startedAt, begun.live?.startedAt);
    assert.isAtLeast(after.live?.updatedAt.getTime() ?? 0, begun.live?.updatedAt.getTime() ?? Infinity);
  });

  test(
    "forgets what a runner failed with as soon as it goes on, by applying or by parking",
    function* ({ store, parked, tally, tenantId, logOf, apply, states }) {
      const log = logOf(receivedBy(tenantId), receivedBy(tenantId));
      const live = { projection: tally, slot: "live" } as const;
      yield* store.noteFailure(live, "Out of reach", false);
      assert.deepInclude<object | undefined>((yield* states).live, {
        status: "running",
        error: "Out of reach",
      });
      yield* apply("live", log, 0, 1);
      assert.isNull((yield* states).live?.error);
      yield* store.noteFailure(live, "Out of reach", false);
      yield* parked.park(tally, Position.make(1), log[1] ?? assert.fail(), "Unfoldable");
      assert.isNull((yield* states).live?.error);
    },
  );

  test("stands still while it is paused", function* (given) {
    const { store, parked, tally, tenantId, logOf, apply, rowsIn, states } = given;
    const log = logOf(receivedBy(tenantId));
    yield* store.pause(tally, true);
    assert.isTrue((yield* states).live?.paused);
    assert.deepStrictEqual<unknown>(yield* store.prepare({ projection: tally, slot: "live" }), {
      position: 0,
      paused: true,
    });
    assert.isFalse(yield* apply("live", log, 0));
    assert.isFalse(yield* parked.park(tally, Position.make(0), log[0] ?? assert.fail(), "Unfoldable"));
    assert.deepStrictEqual(yield* rowsIn("live"), []);
    yield* store.pause(tally, false);
    assert.isTrue(yield* apply("live", log, 0));
  });

  test("pauses the live view only", function* ({ store, shadows, tally, tenantId, logOf, apply, states }) {
    yield* shadows.begin(tally, "rebuild");
    yield* store.pause(tally, true);
    assert.isTrue(yield* apply("rebuild", logOf(receivedBy(tenantId)), 0));
    const { live, rebuild } = yield* states;
    assert.deepStrictEqual([live?.paused, rebuild?.paused], [true, false]);
  });

  test(
    "counts as parked what is parked of its version",
    function* ({ parked, tally, tenantId, logOf, states, sql }) {
      const rejected: DomainEvent = { _tag: "UploadRejected", uploadId: newId("upl"), reason: failure };
      const [first] = logOf(rejected, receivedBy(tenantId));
      yield* parked.park(tally, Position.make(0), first ?? assert.fail(), "Unfoldable");
      yield* sql`
      INSERT INTO parked_events (projection, version, position, event_id, stream_id, type, tenant_id, attempts)
      VALUES (${tally.name}, 2, 5, 'e', 's', 't', ${tenantId}, 1)`;
      assert.strictEqual((yield* states).live?.parked, 1);
    },
  );

  test("empties a view of another history, and what was parked of it", function* (given) {
    const { store, shadows, parked, sql, tally, tenantId, logOf, apply, rowsIn, states } = given;
    const log = logOf(receivedBy(tenantId), receivedBy(tenantId), receivedBy(tenantId));
    const [first, second] = [log[0] ?? assert.fail(), log[1] ?? assert.fail()];
    yield* apply("live", log, 0, 1);
    yield* parked.park(tally, Position.make(1), second, "Unfoldable");
    for (const slot of ["rebuild", "verify"] as const) {
      yield* shadows.begin(tally, slot);
      yield* apply(slot, log, 0, 2);
    }
    yield* restored(sql);

    assert.isFalse(yield* apply("live", log, 2));
    assert.isFalse(yield* apply("rebuild", log, 2));
    assert.isFalse(yield* parked.park(tally, Position.make(2), first, "Unfoldable"));
    assert.deepStrictEqual(yield* states, {});
    assert.isFalse((yield* shadows.underWay).some(({ name }) => name === tally.name));

    const live = { projection: tally, slot: "live" } as const;
    const beginning = { position: Position.make(0), paused: false };
    assert.deepStrictEqual(yield* store.prepare(live), beginning);
    assert.deepStrictEqual(yield* rowsIn("live"), []);
    assert.strictEqual((yield* states).live?.parked, 0);
    assert.isTrue(yield* apply("live", log, 0));
    assert.lengthOf(yield* rowsIn("live"), 3);
    // The shadows of the old history neither go on nor come in.
    assert.isNull(yield* store.prepare({ projection: tally, slot: "rebuild" }));
    assert.isTrue(yield* shadows.swap(tally));
    assert.isNull(yield* shadows.compare(tally, () => Effect.die("nothing is to be read")));
    assert.lengthOf(yield* rowsIn("live"), 3);
  });
};
