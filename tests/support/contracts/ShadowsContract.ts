import { assert, type Vitest } from "@effect/vitest";
import { Effect } from "effect";
import type { DomainEvent } from "../../../domain/event/DomainEvent.ts";
import { Position, type RecordedEvent } from "../../../domain/event/RecordedEvent.ts";
import type { Batch } from "../../../services/projections/ProjectionStore.ts";
import { failure, newId, receivedBy } from "../Fixtures.ts";
import { fold } from "../Folding.ts";
import { type GivenTally, tallyTests, type ViewKeepers } from "../TallyTests.ts";

/** What every database in which views are built anew keeps to. */
export const shadowsContract = (it: Vitest.MethodsNonLive<ViewKeepers>): void => {
  const test = tallyTests(it);

  const history = ({ tenantId, logOf }: GivenTally, ...more: ReadonlyArray<DomainEvent>) => {
    const [a, b] = [newId("upl"), newId("upl")];
    const received = (uploadId = a, sessionId = "s") => receivedBy(tenantId, { uploadId, sessionId });
    return logOf(received(), received(b), received(), received(a, "t"), received(b, "u"), ...more);
  };

  /** Reads a log that ends with its last event. */
  const reading =
    (log: ReadonlyArray<RecordedEvent>) => (after: Position, limit: number): Effect.Effect<Batch> => {
      const events = log.slice(after, after + limit);
      return Effect.succeed({ events, reached: Position.make(after + events.length) });
    };

  const isUnderWay = ({ shadows, tally }: GivenTally, slot: "rebuild" | "verify") =>
    Effect.map(shadows.underWay, (all) => all.some((one) => one.name === tally.name && one.slot === slot));

  test("builds a view beside the live one, which is read and moves on meanwhile", function* (given) {
    const { store, shadows, tally, apply, rowsIn, states } = given;
    const log = history(given);
    yield* apply("live", log, 0, 3);
    yield* shadows.begin(tally, "rebuild");
    assert.deepStrictEqual(yield* store.prepare({ projection: tally, slot: "rebuild" }), {
      position: Position.make(0),
      paused: false,
    });
    assert.deepStrictEqual(yield* rowsIn("rebuild"), []);
    assert.isTrue(yield* apply("rebuild", log, 0, 2));
    assert.deepStrictEqual(yield* rowsIn("live"), fold(tally, log.slice(0, 3)));
    assert.isTrue(yield* apply("live", log, 3, 4));
    assert.deepStrictEqual(yield* rowsIn("rebuild"), fold(tally, log.slice(0, 2)));
    assert.deepStrictEqual(yield* rowsIn("live"), fold(tally, log.slice(0, 4)));
    const { live, rebuild } = yield* states;
    assert.deepStrictEqual<unknown>([live?.position, rebuild?.position], [4, 2]);
  });

  test("swaps a rebuild in once it is not behind the live view, and not before", function* (given) {
    const { store, shadows, sql, tally, apply, rowsIn, states } = given;
    const log = history(given);
    yield* apply("live", log, 0, 4);
    // What is wrong in the live view tells the two apart.
    yield* sql`UPDATE ${sql(`view_${tally.name}_v1`)} SET last_note = 'wrong'`;
    const wrong = yield* rowsIn("live");
    // The second time, the names of the first table's indexes are taken.
    for (let round = 0; round < 2; round++) {
      yield* shadows.begin(tally, "rebuild");
      yield* apply("rebuild", log, 0, 3);
      assert.isFalse(yield* shadows.swap(tally));
      assert.deepStrictEqual<unknown>((yield* states).rebuild?.position, 3);
      if (round === 0) assert.deepStrictEqual(yield* rowsIn("live"), wrong);
      yield* apply("rebuild", log, 3, 4);
      assert.isTrue(yield* shadows.swap(tally));
      assert.deepStrictEqual(yield* rowsIn("live"), fold(tally, log.slice(0, 4)));
      assert.hasAllKeys(yield* states, ["live"]);
      assert.isNull(yield* store.prepare({ projection: tally, slot: "rebuild" }));
    }
    assert.isTrue(yield* apply("live", log, 4));
    assert.deepStrictEqual(yield* rowsIn("live"), fold(tally, log));
    assert.lengthOf(yield* sql`SELECT FROM pg_indexes WHERE tablename = ${`view_${tally.name}_v1`}`, 2);
  });

  test("takes the live view along when the rebuild has overtaken it", function* (given) {
    const { shadows, tally, apply, rowsIn, states } = given;
    const log = history(given);
    yield* apply("live", log, 0, 1);
    yield* shadows.begin(tally, "rebuild");
    yield* apply("rebuild", log, 0);
    assert.isTrue(yield* shadows.swap(tally));
    assert.deepStrictEqual<unknown>((yield* states).live?.position, log.length);
    assert.isFalse(yield* apply("live", log, 1));
    assert.deepStrictEqual(yield* rowsIn("live"), fold(tally, log));
  });

  test("forgets at the swap what was parked, up to where the rebuild came", function* (given) {
    const { shadows, parked, tally, apply, rowsIn, states } = given;
    const log = history(given);
    yield* apply("live", log, 0, 2);
    yield* parked.park(tally, Position.make(2), log[2] ?? assert.fail(), "Unfoldable");
    yield* apply("live", log, 3);
    assert.strictEqual((yield* states).live?.parked, 2);
    yield* shadows.begin(tally, "rebuild");
    // A shadow parks nothing behind what the live view has parked.
    yield* apply("rebuild", log, 0);
    assert.isTrue(yield* shadows.swap(tally));
    assert.strictEqual((yield* states).live?.parked, 0);
    assert.deepStrictEqual(yield* rowsIn("live"), fold(tally, log));
  });

  test("begins a shadow anew that is being built or has failed", function* (given) {
    const { store, shadows, tally, apply, rowsIn, states } = given;
    const log = history(given);
    for (const slot of ["rebuild", "verify"] as const) {
      yield* shadows.begin(tally, slot);
      yield* apply(slot, log, 0, 2);
      assert.isTrue(yield* isUnderWay(given, slot));
      yield* store.noteFailure({ projection: tally, slot }, "It broke", true);
      assert.isFalse(yield* isUnderWay(given, slot));
      yield* shadows.begin(tally, slot);
      assert.isTrue(yield* isUnderWay(given, slot));
      assert.deepStrictEqual(yield* rowsIn(slot), []);
      assert.deepInclude<object | undefined>((yield* states)[slot], {
        position: 0,
        status: "running",
        error: null,
      });
      assert.isFalse(yield* apply(slot, log, 2), "its runner of before is refused");
      assert.isTrue(yield* apply(slot, log, 0));
    }
  });

  test("names every shadow that is under way, with its version", function* (given) {
    const { shadows, tally } = given;
    assert.isFalse(yield* isUnderWay(given, "rebuild"));
    yield* shadows.begin(tally, "rebuild");
    yield* shadows.begin(tally, "verify");
    const own = (yield* shadows.underWay).filter(({ name }) => name === tally.name);
    assert.deepStrictEqual(own.map(({ slot, version }) => `${slot} ${version}`).sort(), [
      "rebuild 1",
      "verify 1",
    ]);
  });

  test("has nothing to do for a shadow that nobody has begun", function* (given) {
    const { store, shadows, sql, tally, apply, rowsIn } = given;
    const log = history(given);
    yield* apply("live", log, 0);
    for (const slot of ["rebuild", "verify"] as const) {
      assert.isNull(yield* store.prepare({ projection: tally, slot }));
      assert.isFalse(yield* apply(slot, log, 0));
    }
    assert.isTrue(yield* shadows.swap(tally));
    assert.isNull(yield* shadows.compare(tally, reading(log)));
    assert.deepStrictEqual(yield* rowsIn("live"), fold(tally, log));
    assert.lengthOf(yield* sql`SELECT FROM pg_tables WHERE tablename LIKE ${`view_${tally.name}_v1_%`}`, 0);
  });

  test("finds no difference in an honest view, and goes up to where that stands", function* (given) {
    const { store, shadows, tally, apply, states, rowsIn } = given;
    const log = history(given);
    yield* apply("live", log, 0, 4);
    yield* shadows.begin(tally, "verify");
    yield* apply("verify", log, 0, 2);
    assert.isNull(yield* shadows.verification(tally));
    const asked: Array<readonly [number, number]> = [];
    const found = yield* shadows.compare(tally, (after, limit) => {
      asked.push([after, limit]);
      return reading(log)(after, Math.min(limit, 1));
    });
    assert.deepStrictEqual(asked, [[2, 2], [3, 1]]);
    assert.deepInclude<object | null>(found, { position: 4, rows: 2, differences: 0, sample: [] });
    assert.deepStrictEqual(yield* shadows.verification(tally), found);
    assert.hasAllKeys(yield* states, ["live"]);
    assert.isNull(yield* store.prepare({ projection: tally, slot: "verify" }));
    assert.isTrue(yield* apply("live", log, 4), "the live view goes on");
    assert.deepStrictEqual(yield* rowsIn("live"), fold(tally, log));
  });

  test("names the rows that are missing, unexpected or different, and their fields", function* (given) {
    const { shadows, sql, tally, tenantId, logOf, apply } = given;
    const ids = Array.from({ length: 5 }, () => newId("upl"));
    const log = logOf(...ids.map((uploadId) => receivedBy(tenantId, { uploadId, sessionId: "s" })));
    const [, lost, counted, noted, both] = ids;
    yield* apply("live", log, 0);
    const view = sql(`view_${tally.name}_v1`);
    yield* sql`DELETE FROM ${view} WHERE id = ${lost ?? ""}`;
    yield* sql`UPDATE ${view} SET received = 2 WHERE id = ${counted ?? ""}`;
    yield* sql`UPDATE ${view} SET last_note = NULL WHERE id = ${noted ?? ""}`;
    yield* sql`UPDATE ${view} SET last_note = 'x', received = 5 WHERE id = ${both ?? ""}`;
    yield* sql`INSERT INTO ${view} (id, received) VALUES ('zzz', 1)`;
    yield* shadows.begin(tally, "verify");
    yield* apply("verify", log, 0);
    const found = yield* shadows.compare(tally, reading(log));
    assert.deepInclude<object | null>(found, {
      position: 5,
      rows: 5,
      differences: 5,
      sample: [
        { id: lost, kind: "missing", fields: [] },
        { id: counted, kind: "different", fields: ["received"] },
        { id: noted, kind: "different", fields: ["lastNote"] },
        { id: both, kind: "different", fields: ["received", "lastNote"] },
        { id: "zzz", kind: "unexpected", fields: [] },
      ],
    });
    assert.deepStrictEqual(yield* shadows.verification(tally), found);
  });

  test("counts all differences, but names a hundred", function* (given) {
    const { shadows, sql, tally } = given;
    yield* sql`
      INSERT INTO ${sql(`view_${tally.name}_v1`)} (id, received)
      SELECT lpad(number::text, 3, '0'), 1 FROM generate_series(1, 150) AS number`;
    yield* shadows.begin(tally, "verify");
    const found = yield* shadows.compare(tally, reading([]));
    assert.strictEqual(found?.differences, 150);
    assert.lengthOf(found?.sample ?? [], 100);
    assert.deepStrictEqual(found?.sample.at(-1), { id: "100", kind: "unexpected", fields: [] });
  });

  test("does not compare with a live view that is behind", function* (given) {
    const { shadows, tally, apply, states } = given;
    const log = history(given);
    yield* apply("live", log, 0, 2);
    yield* shadows.begin(tally, "verify");
    yield* apply("verify", log, 0, 3);
    assert.isNull(yield* shadows.compare(tally, reading(log)));
    assert.isNull(yield* shadows.verification(tally));
    assert.deepStrictEqual<unknown>((yield* states).verify?.position, 3);
    yield* apply("live", log, 2);
    assert.strictEqual((yield* shadows.compare(tally, reading(log)))?.differences, 0);
  });

  test("leaves everything as it was when what it reads cannot be folded", function* (given) {
    const { shadows, parked, tally, apply, states, rowsIn } = given;
    const log = history(given, { _tag: "UploadRejected", uploadId: newId("upl"), reason: failure });
    yield* apply("live", log, 0, 5);
    yield* parked.park(tally, Position.make(5), log[5] ?? assert.fail(), "Unfoldable");
    yield* shadows.begin(tally, "verify");
    yield* apply("verify", log, 0, 3);
    const error = yield* Effect.flip(shadows.compare(tally, reading(log)));
    assert.strictEqual(error.reason, "Poison");
    assert.deepStrictEqual<unknown>((yield* states).verify?.position, 3);
    assert.deepStrictEqual(yield* rowsIn("verify"), fold(tally, log.slice(0, 3)));
    assert.strictEqual(
      yield* Effect.flip(shadows.compare(tally, () => Effect.fail("unreadable"))),
      "unreadable",
    );
    assert.isNull(yield* shadows.verification(tally));
  });
};
