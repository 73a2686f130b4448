import { assert } from "@effect/vitest";
import { Effect, Layer } from "effect";
import { TestClock } from "effect/testing";
import { Position } from "../../../domain/event/RecordedEvent.ts";
import { projectionNames, withProjection } from "../../../services/projections/Projections.ts";
import { UploadsProjection } from "../../../services/projections/UploadsProjection.ts";
import { appendOf, receivedBy } from "../../support/Fixtures.ts";
import { type Projecting, projectingTests } from "../../support/Projecting.ts";

const live = { projection: UploadsProjection, slot: "live" } as const;

projectingTests("The status of a projection", (test) => {
  const appendAt = ({ log, tenantId }: Projecting, stream: string, issuedAt: Date) =>
    log.append(appendOf(tenantId, `${tenantId}/${stream}`, 0, [receivedBy(tenantId)], { issuedAt }));

  test("is missing before its runner has first started", function* ({ control }) {
    const all = yield* control.list;
    assert.deepStrictEqual(all.map(({ name }) => name), [...projectionNames]);
    for (const status of all) {
      assert.deepInclude<object>(status, {
        version: withProjection(status.name, ({ version }) => version),
        status: "missing",
        position: 0,
        lagEvents: 0,
        lagSeconds: 0,
        parked: 0,
        error: null,
        rebuild: null,
        verify: null,
        verification: null,
      });
    }
  });

  test("tells how far it is behind, in events and in seconds", function* (given) {
    const { log, store, control } = given;
    const head = yield* log.head;
    yield* store.prepare(live);
    yield* store.apply(live, Position.make(0), { events: [], reached: head }, 0);
    const noon = Date.UTC(2026, 5, 1, 12);
    for (const seconds of [0, 10, 25]) yield* appendAt(given, `${seconds}`, new Date(noon + seconds * 1_000));
    const statusAt = (seconds: number) =>
      Effect.andThen(TestClock.setTime(noon + seconds * 1_000), control.status("uploads")).pipe(
        Effect.provide(Layer.fresh(TestClock.layer())),
      );
    const at = (position: number) => ({ position: head + position, head: head + 3 });

    assert.deepInclude<object>(yield* statusAt(30), {
      ...at(0),
      status: "catching up",
      lagEvents: 3,
      lagSeconds: 30,
    });
    yield* store.apply(live, head, { events: [], reached: Position.make(head + 1) }, 0);
    assert.deepInclude<object>(yield* statusAt(30), { ...at(1), lagEvents: 2, lagSeconds: 20 });
    yield* store.noteFailure(live, "Out of reach", false);
    assert.deepInclude<object>(yield* statusAt(31), {
      status: "failing",
      error: "Out of reach",
      lagSeconds: 21,
    });
    yield* store.pause(UploadsProjection, true);
    assert.deepInclude<object>(yield* statusAt(32), { status: "paused", lagSeconds: 22 });
    yield* store.pause(UploadsProjection, false);
    yield* store.apply(live, Position.make(head + 1), { events: [], reached: Position.make(head + 3) }, 0);
    assert.deepInclude<object>(yield* statusAt(60), {
      ...at(3),
      status: "live",
      error: null,
      lagEvents: 0,
      lagSeconds: 0,
    });
    // A clock that is behind that of the writer.
    yield* appendAt(given, "later", new Date(noon + 100_000));
    assert.deepInclude<object>(yield* statusAt(90), { lagEvents: 1, lagSeconds: 0 });
  });

  test(
    "tells the rate as long as it is fresh, and what is built beside",
    function* ({ log, store, shadows, control }) {
      yield* store.prepare(live);
      const { position } = yield* control.status("uploads");
      const head = yield* log.head;
      yield* store.apply(live, position, { events: [], reached: head }, 1_234.5);
      const { updatedAt } = (yield* store.slots(UploadsProjection))[0] ?? assert.fail();
      const rateAfter = (millis: number) =>
        Effect.andThen(TestClock.setTime(updatedAt.getTime() + millis), control.status("uploads")).pipe(
          Effect.map(({ eventsPerSecond }) => eventsPerSecond),
          Effect.provide(Layer.fresh(TestClock.layer())),
        );
      assert.deepStrictEqual([yield* rateAfter(4_000), yield* rateAfter(6_000)], [1_234.5, 0]);

      yield* shadows.begin(UploadsProjection, "rebuild");
      yield* shadows.begin(UploadsProjection, "verify");
      const { rebuild, verify } = yield* control.status("uploads");
      assert.deepInclude<object | null>(rebuild, { slot: "rebuild", position: 0, status: "running" });
      assert.deepInclude<object | null>(verify, { slot: "verify", position: 0, status: "running" });
    },
  );

  test(
    "is live with no lag where a runner has come to the end",
    function* ({ start, append, tenantId, caughtUp, control }) {
      yield* append([receivedBy(tenantId), receivedBy(tenantId)]);
      yield* start();
      yield* caughtUp;
      for (const status of yield* control.list) {
        assert.deepInclude<object>(status, {
          status: "live",
          lagEvents: 0,
          lagSeconds: 0,
          position: status.head,
        });
        assert.isAtLeast(status.head, 2);
      }
    },
  );
});
