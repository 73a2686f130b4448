import { assert } from "@effect/vitest";
import { Deferred, Effect, Fiber, Latch } from "effect";
import { randomBytes } from "node:crypto";
import type { DomainEvent } from "../../../domain/event/DomainEvent.ts";
import { Position, type RecordedEvent } from "../../../domain/event/RecordedEvent.ts";
import { EventStore } from "../../../services/EventStore.ts";
import { follow, type Following, PoisonError } from "../../../services/projections/Follow.ts";
import {
  ProjectionStore,
  ProjectionStoreError,
  type Slot,
} from "../../../services/projections/ProjectionStore.ts";
import { conversionOf, failure, newId, receivedBy } from "../../support/Fixtures.ts";
import { fold } from "../../support/Folding.ts";
import { type Projecting, projectingTests } from "../../support/Projecting.ts";
import { tallyIn } from "../../support/Tally.ts";

/** One stretch of work of a follower, in positions counted from the end of the log before the test. */
interface Step {
  readonly from: number;
  readonly positions: ReadonlyArray<number>;
  readonly reached: number;
}

projectingTests("A follower of the log", (test) => {
  /** Brings a tally that has seen the log so far to its end, or does what the changes say; answers what it did. */
  const following = Effect.fnUntraced(function* (given: Projecting) {
    const tally = tallyIn(`tally_${randomBytes(6).toString("hex")}`);
    const head = yield* given.log.head;
    yield* given.store.prepare({ projection: tally, slot: "live" });
    const beginning = { events: [], reached: head };
    yield* given.store.apply({ projection: tally, slot: "live" }, Position.make(0), beginning, 0);
    const steps: Array<Step> = [];
    const scans: Array<number> = [];
    const poisons: Array<readonly [from: number, position: number, error: PoisonError]> = [];
    const store: ProjectionStore["Service"] = {
      ...given.store,
      apply: (target, from, batch, rate) =>
        Effect.tap(given.store.apply(target, from, batch, rate), (applied) =>
          Effect.sync(() => {
            const positions = batch.events.map(({ position }) => position - head);
            if (applied) steps.push({ from: from - head, positions, reached: batch.reached - head });
          })),
    };
    const log: EventStore["Service"] = {
      ...given.log,
      scan: (after, limit, types) =>
        Effect.suspend(() => {
          scans.push(after - head);
          return given.log.scan(after, limit, types);
        }),
    };
    const run = (
      changes: Partial<Following<PoisonError | ProjectionStoreError, never, ProjectionStoreError, never>> =
        {},
      { slot = "live", store: used = store }: { slot?: Slot; store?: ProjectionStore["Service"] } = {},
    ) =>
      follow({ projection: tally, slot }, {
        batchSize: 4,
        bound: Effect.succeed(Infinity),
        onEnd: () => Effect.succeed(true),
        around: (_events, apply) => apply,
        onPoison: (from, event, error) => {
          poisons.push([from - head, event.position - head, error]);
          return Effect.map(
            given.parked.park(tally, from, event, error.detail),
            (isParked) => isParked ? event.position : null,
          );
        },
        ...changes,
      }).pipe(Effect.provideService(ProjectionStore, used), Effect.provideService(EventStore, log));
    const position = Effect.map(
      given.store.prepare({ projection: tally, slot: "live" }),
      (live) => (live?.position ?? assert.fail()) - head,
    );
    return { tally, head, run, steps, scans, poisons, position, store };
  });

  const received = ({ tenantId }: Projecting) => receivedBy(tenantId);
  const rejected = (): DomainEvent => ({ _tag: "UploadRejected", uploadId: newId("upl"), reason: failure });

  /** Appends each event to a stream of its own. */
  const appendApart = ({ append }: Projecting, events: ReadonlyArray<DomainEvent>) =>
    Effect.forEach(events, (event) => append([event]), { discard: true });

  test(
    "goes through the log in batches that end where the log does, and over what it does not look at",
    function* (given) {
      const { run, steps, scans, position, tally } = yield* following(given);
      const upload = received(given);
      yield* given.append([
        upload,
        ...Array.from({ length: 6 }, () => conversionOf(upload)),
        received(given),
        upload,
      ]);
      yield* run();
      assert.deepStrictEqual(steps, [
        { from: 0, positions: [1], reached: 4 },
        { from: 4, positions: [8], reached: 8 },
        { from: 8, positions: [9], reached: 9 },
      ]);
      assert.deepStrictEqual(scans, [0, 4, 8, 9]);
      assert.strictEqual(yield* position, 9);
      assert.sameMembers((yield* given.rowsOf(tally)).map(({ received }) => received), [2, 1]);
      yield* run();
      assert.lengthOf(steps, 3, "there is nothing left to do");
    },
  );

  test("reads ahead of what it applies", function* (given) {
    const { run, scans } = yield* following(given);
    yield* given.append(Array.from({ length: 10 }, () => received(given)));
    const [isApplying, gate] = [yield* Deferred.make<void>(), yield* Latch.make()];
    const running = yield* Effect.forkChild(run({
      around: (_events, apply) =>
        Deferred.succeed(isApplying, undefined).pipe(
          Effect.andThen(Latch.await(gate)),
          Effect.andThen(apply),
        ),
    }));
    yield* Deferred.await(isApplying);
    assert.deepStrictEqual(scans, [0, 4]);
    yield* Latch.open(gate);
    yield* Fiber.join(running);
    assert.deepStrictEqual(scans, [0, 4, 8, 10]);
  });

  test("finds every poison event among the others, and applies all but those", function* (given) {
    const { run, poisons, position, head, tally } = yield* following(given);
    const events = Array.from({ length: 22 }, () => received(given));
    const spoiled: ReadonlyArray<DomainEvent> = events.map((event, index) =>
      [3, 4, 9, 16, 22].includes(index + 1) ? rejected() : event
    );
    yield* appendApart(given, spoiled);
    yield* run({ batchSize: 8 });
    assert.deepStrictEqual(
      poisons.map(([from, at, { reason, position }]) => [from, at, reason, position - head]),
      [3, 4, 9, 16, 22].map((at) => [at - 1, at, "Unfoldable", at]),
    );
    assert.include(poisons[0]?.[2].detail, "This view cannot stand a rejection");
    assert.strictEqual(yield* position, 22);
    const rows = fold(tally, yield* logOf(given, 22)).map(({ id }) => id);
    assert.deepStrictEqual((yield* given.rowsOf(tally)).map(({ id }) => id), rows);
    assert.lengthOf(rows, 17);
  });

  /** The last events of the log, without those that a tally cannot stand. */
  const logOf = ({ log }: Projecting, count: number) =>
    Effect.flatMap(log.head, (head) => log.read(Position.make(head - count), count)).pipe(
      Effect.map((events: ReadonlyArray<RecordedEvent>) =>
        events.filter(({ event }) => event._tag !== "UploadRejected")
      ),
    );

  test("tells an event that cannot be read, and one whose row cannot be stored", function* (given) {
    const { run, poisons, head, tally } = yield* following(given);
    const uploadId = newId("upl");
    yield* appendApart(given, [received(given), received(given)]);
    yield* given.append(Array.from({ length: 6 }, () => receivedBy(given.tenantId, { uploadId })));
    const { sql } = given;
    yield* sql`CREATE TABLE intact AS SELECT * FROM events WHERE position = ${head + 2}`;
    yield* sql`UPDATE events SET data = '{}' WHERE position = ${head + 2}`;
    yield* run({ batchSize: 100 });
    yield* sql`UPDATE events SET data = intact.data FROM intact WHERE events.position = intact.position`;
    yield* sql`DROP TABLE intact`;
    assert.deepStrictEqual(poisons.map(([from, at, { reason }]) => [from, at, reason]), [
      [1, 2, "Unreadable"],
      // The view may not count beyond five.
      [7, 8, "Unfoldable"],
    ]);
    assert.match(
      poisons[0]?.[2].message ?? "",
      /position \d+ cannot be applied: Invalid, UploadReceived version 1/,
    );
    assert.include(poisons[1]?.[2].detail, `view_${tally.name}_v1_received_check`);
  });

  test(
    "ends with the error of a poison event that is not to be parked, everything before it applied",
    function* (given) {
      const { run, position, head } = yield* following(given);
      const events = [received(given), received(given), rejected(), received(given)];
      yield* given.append(events);
      const error = yield* Effect.flip(run({ onPoison: (_from, _event, error) => Effect.fail(error) }));
      assert.strictEqual(yield* position, 2);
      assert(error instanceof PoisonError);
      assert.strictEqual(error.position, head + 3);
    },
  );

  test("takes an outage for no fault of the events", function* (given) {
    const { run, poisons, position, store } = yield* following(given);
    yield* given.append([received(given), received(given)]);
    const outage = new ProjectionStoreError({ reason: "Unavailable", cause: new Error("gone") });
    const error = yield* Effect.flip(run({}, { store: { ...store, apply: () => Effect.fail(outage) } }));
    assert.strictEqual<unknown>(error, outage);
    assert.isEmpty(poisons);
    assert.strictEqual(yield* position, 0);
  });

  test("looks again where the slot is when another has moved it", function* (given) {
    const { run, steps, tally, head, position } = yield* following(given);
    yield* given.append(Array.from({ length: 6 }, () => received(given)));
    let isOvertaken = false;
    yield* run({
      around: (_events, apply) =>
        Effect.suspend(() => {
          if (isOvertaken) return apply;
          isOvertaken = true;
          const batch = { events: [], reached: Position.make(head + 5) };
          const other = given.store.apply({ projection: tally, slot: "live" }, head, batch, 0);
          return Effect.andThen(Effect.orDie(other), apply);
        }),
    });
    assert.deepStrictEqual(steps, [{ from: 5, positions: [6], reached: 6 }]);
    assert.strictEqual(yield* position, 6);
  });

  test("goes no further than it may for now", function* (given) {
    const { run, steps, scans, head, position } = yield* following(given);
    yield* given.append(Array.from({ length: 9 }, () => received(given)));
    let bound = 3;
    yield* run({
      bound: Effect.sync(() => head + bound),
      onEnd: (at) =>
        Effect.sync(() => {
          assert.strictEqual(at - head, bound);
          bound += 4;
          return bound > 7;
        }),
    });
    assert.strictEqual(yield* position, 7);
    assert.deepStrictEqual(steps.map(({ reached }) => reached), [3, 7]);
    assert.isAtMost(Math.max(...scans), 7);
  });

  test("returns for a shadow that nobody has begun, or whose building has ended", function* (given) {
    const { run, tally, head, steps } = yield* following(given);
    yield* given.append([received(given)]);
    yield* run({}, { slot: "rebuild" });
    assert.isEmpty(steps);
    yield* given.shadows.begin(tally, "rebuild");
    yield* run({
      // Before this one has applied anything, another builds the shadow to its end.
      around: (_events, apply) => {
        const batch = { events: [], reached: Position.make(head + 1) };
        const other = given.store.apply({ projection: tally, slot: "rebuild" }, Position.make(0), batch, 0);
        return Effect.orDie(Effect.andThen(other, given.shadows.swap(tally))).pipe(Effect.andThen(apply));
      },
      onEnd: () => Effect.die("it is not for this one to end"),
    }, { slot: "rebuild" });
    assert.isEmpty(steps);
    assert.isEmpty(yield* given.rowsOf(tally));
  });
});
