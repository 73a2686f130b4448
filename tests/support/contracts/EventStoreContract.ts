import { PgClient } from "@effect/sql-pg";
import { assert, layer } from "@effect/vitest";
import { Cause, Context, Effect, Exit, Fiber, Layer, type Scope } from "effect";
import { TestClock } from "effect/testing";
import { type DomainEvent, type EventType, eventTypes } from "../../../domain/event/DomainEvent.ts";
import { currentVersion } from "../../../domain/event/EventVersions.ts";
import { Position, type RecordedEvent } from "../../../domain/event/RecordedEvent.ts";
import { StoredEventError, toStored } from "../../../domain/event/StoredEvent.ts";
import type { TenantId } from "../../../domain/Id.ts";
import {
  type Append,
  type AppendOutcome,
  EventStore,
  EventStoreError,
  isReadable,
} from "../../../services/EventStore.ts";
import {
  appendOf,
  conversionOf,
  encoder,
  failure,
  media,
  newId,
  newTenant,
  receivedBy,
  renderedOf,
  reportOn,
  user,
} from "../Fixtures.ts";

/** How many appends a test sends at once so that they share calls: more than one call takes. */
const crowd = 600;

/** An effect for each of some numbers from 0, all at once. */
const together = <A, E, R>(count: number, each: (index: number) => Effect.Effect<A, E, R>) =>
  Effect.forEach(Array.from({ length: count }, (_, index) => index), each, { concurrency: "unbounded" });

const eventOf = (tenantId: TenantId) => receivedBy(tenantId);

const eventIds = ({ events }: Append) => events.map(({ eventId }) => eventId);

/** Whether an effect ends by a defect, which is how a reader that must not go on ends. */
const dies = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.exit(effect), (exit) => Exit.isFailure(exit) && Cause.hasDies(exit.cause));

/** What every database that holds the log keeps to. */
export const eventStoreContract = <E1, E2>(
  name: string,
  database: Layer.Layer<PgClient.PgClient, E1>,
  adapter: Layer.Layer<EventStore, E2, PgClient.PgClient>,
): void => {
  layer(Layer.provideMerge(adapter, database), { excludeTestServices: true })(name, (it) => {
    const test = (
      sentence: string,
      body: (
        store: EventStore["Service"],
        tenantId: TenantId,
        sql: PgClient.PgClient,
      ) => Effect.fn.Return<void, unknown, Scope.Scope>,
    ) =>
      it.effect(sentence, () =>
        Effect.gen(function* () {
          const store = yield* EventStore;
          const sql = yield* PgClient.PgClient;
          yield* Effect.gen(() => body(store, newTenant(), sql));
        }));

    /** Runs an effect on a database that is changed by a statement, and takes the change back. */
    const whileChanged = <A, E, R>(
      sql: PgClient.PgClient,
      statement: Effect.Effect<unknown, unknown>,
      effect: Effect.Effect<A, E, R>,
    ) =>
      Effect.suspend(() => {
        const results: Array<A> = [];
        const undo = {};
        return Effect.andThen(statement, effect).pipe(
          Effect.tap((result) => Effect.sync(() => results.push(result))),
          Effect.andThen(Effect.fail(undo)),
          sql.withTransaction,
          Effect.catchIf((error) => error === undo, () => Effect.succeed(results[0] ?? assert.fail())),
        );
      });

    test(
      "counts positions on from the head and the versions of a new stream from 1",
      function* (store, tenantId) {
        const head = yield* store.head;
        const append = appendOf(tenantId, `${tenantId}/a`, 0, [1, 2, 3].map(() => eventOf(tenantId)));
        assert.deepStrictEqual(yield* store.append(append), {
          _tag: "Appended",
          version: 3,
          position: Position.make(head + 3),
        });
        assert.strictEqual(yield* store.head, head + 3);
        const recorded = yield* store.readStream(append.streamId, 0);
        assert.deepStrictEqual(recorded.map(({ eventId }) => eventId), eventIds(append));
        assert.deepStrictEqual(recorded.map(({ version }) => version), [1, 2, 3]);
        assert.deepStrictEqual(recorded.map(({ position }) => position - head), [1, 2, 3]);
      },
    );

    test(
      "refuses an append to another version, tells the actual one and writes nothing",
      function* (store, tenantId) {
        const streamId = `${tenantId}/a`;
        yield* store.append(appendOf(tenantId, streamId, 0, [eventOf(tenantId), eventOf(tenantId)]));
        const head = yield* store.head;
        for (const expectedVersion of [0, 1, 3]) {
          const late = appendOf(tenantId, streamId, expectedVersion, [eventOf(tenantId)]);
          assert.deepStrictEqual(yield* store.append(late), { _tag: "Conflict", actualVersion: 2 });
        }
        const early = appendOf(tenantId, `${tenantId}/new`, 1, [eventOf(tenantId)]);
        assert.deepStrictEqual(yield* store.append(early), { _tag: "Conflict", actualVersion: 0 });
        const empty = appendOf(tenantId, streamId, 1, []);
        assert.deepStrictEqual(yield* store.append(empty), { _tag: "Conflict", actualVersion: 2 });
        assert.strictEqual(yield* store.head, head);
        assert.lengthOf(yield* store.readStream(streamId, 0), 2);

        const again = appendOf(tenantId, streamId, 2, [eventOf(tenantId)], {
          commandId: empty.context.commandId,
        });
        assert.strictEqual((yield* store.append(again))._tag, "Appended", "a conflict leaves no receipt");
      },
    );

    test("answers a repeated command with its first outcome", function* (store, tenantId) {
      const streamId = `${tenantId}/a`;
      const rejection = { _tag: "UploadError", reason: "NotFound", detail: ["why", null, 1.5] };
      const accepted = appendOf(tenantId, streamId, 0, [eventOf(tenantId), eventOf(tenantId)]);
      const rejected = appendOf(tenantId, streamId, 2, [], { rejection });
      const first = yield* store.append(accepted);
      const second = yield* store.append(rejected);
      assert(first._tag === "Appended" && second._tag === "Appended");
      yield* store.append(appendOf(tenantId, streamId, 2, [eventOf(tenantId)]));

      const head = yield* store.head;
      assert.deepStrictEqual(yield* store.append(accepted), { ...first, _tag: "Duplicate", rejection: null });
      assert.deepStrictEqual(yield* store.append(rejected), { ...second, _tag: "Duplicate", rejection });
      const redecided = appendOf(tenantId, streamId, 3, [eventOf(tenantId)], accepted.context);
      assert.deepStrictEqual(yield* store.append(redecided), {
        ...first,
        _tag: "Duplicate",
        rejection: null,
      });
      assert.strictEqual(yield* store.head, head);
    });

    test("appends once what a command led to that is sent many times at once", function* (store, tenantId) {
      const append = appendOf(tenantId, `${tenantId}/a`, 0, [eventOf(tenantId)]);
      const outcomes = yield* together(20, () => store.append(append));
      const tags = outcomes.map(({ _tag }) => _tag).sort();
      assert.deepStrictEqual(tags, ["Appended", ...Array.from({ length: 19 }, () => "Duplicate" as const)]);
      assert.lengthOf(new Set(outcomes.map((outcome) => "position" in outcome && outcome.position)), 1);
      assert.lengthOf(yield* store.readStream(append.streamId, 0), 1);
    });

    test("refuses a command id that another command has used", function* (store, tenantId) {
      const streamId = `${tenantId}/a`;
      const first = appendOf(tenantId, streamId, 0, [eventOf(tenantId)]);
      yield* store.append(first);
      const { commandId } = first.context;
      const head = yield* store.head;
      const other = appendOf(tenantId, streamId, 1, [eventOf(tenantId)], { commandId, fingerprint: "other" });
      assert.deepStrictEqual(yield* store.append(other), { _tag: "CommandIdReused" });
      assert.strictEqual(yield* store.head, head);
      assert.strictEqual((yield* store.append(first))._tag, "Duplicate");
    });

    test("keeps the command ids of tenants apart", function* (store, tenantId) {
      const commandId = newId("cmd");
      for (const tenant of [tenantId, newTenant()]) {
        const append = appendOf(tenant, `${tenant}/a`, 0, [eventOf(tenant)], {
          commandId,
          fingerprint: tenant,
        });
        assert.strictEqual((yield* store.append(append))._tag, "Appended");
        assert.strictEqual((yield* store.append(append))._tag, "Duplicate");
      }
    });

    test("keeps a receipt of a command that led to no event", function* (store, tenantId) {
      const head = yield* store.head;
      const nothing = appendOf(tenantId, `${tenantId}/a`, 0, []);
      const outcome = { version: 0, position: head } as const;
      assert.deepStrictEqual(yield* store.append(nothing), { _tag: "Appended", ...outcome });
      assert.strictEqual(yield* store.head, head);
      yield* store.append(appendOf(tenantId, nothing.streamId, 0, [eventOf(tenantId)]));
      assert.deepStrictEqual(yield* store.append(nothing), {
        _tag: "Duplicate",
        ...outcome,
        rejection: null,
      });
    });

    test(
      "gives every one of many concurrent appends a place of its own, without holes",
      function* (store, tenantId) {
        const head = yield* store.head;
        const appends = Array.from(
          { length: crowd },
          (_, index) => appendOf(tenantId, `${tenantId}/${index}`, 0, [eventOf(tenantId), eventOf(tenantId)]),
        );
        const outcomes = yield* together(
          crowd,
          (index) => Effect.flatMap(Effect.yieldNow, () => store.append(appends[index] ?? assert.fail())),
        );
        const log = yield* store.read(head, 3 * crowd);
        assert.deepStrictEqual(
          log.map(({ eventId }) => eventId).sort(),
          appends.flatMap(eventIds).sort(),
        );
        assert.deepStrictEqual(log.map(({ position }) => position - head), log.map((_, index) => index + 1));
        outcomes.forEach((outcome, index) => {
          assert(outcome._tag === "Appended");
          const last = log[outcome.position - head - 1];
          assert.deepInclude(last, { streamId: `${tenantId}/${index}`, version: 2 });
          assert.deepInclude(log[outcome.position - head - 2], {
            streamId: `${tenantId}/${index}`,
            version: 1,
          });
        });
      },
    );

    test("lets one of the concurrent writers of a stream win each version", function* (store, tenantId) {
      const streamId = `${tenantId}/a`;
      const conflicts: Array<AppendOutcome> = [];
      const write = Effect.fnUntraced(function* () {
        const wins: Array<number> = [];
        for (let expected = 0; wins.length < 10;) {
          const outcome = yield* store.append(appendOf(tenantId, streamId, expected, [eventOf(tenantId)]));
          assert(outcome._tag === "Appended" || outcome._tag === "Conflict");
          if (outcome._tag === "Conflict") conflicts.push(outcome);
          else wins.push(outcome.version);
          expected = outcome._tag === "Conflict" ? outcome.actualVersion : outcome.version;
        }
        return wins;
      });
      const wins = (yield* together(8, write)).flat();
      const versions = Array.from({ length: 80 }, (_, index) => index + 1);
      assert.deepStrictEqual(wins.sort((a, b) => a - b), versions);
      assert.isNotEmpty(conflicts);
      const stream = yield* store.readStream(streamId, 0);
      assert.deepStrictEqual(stream.map(({ version }) => version), versions);
    });

    test("judges each of many concurrent appends for itself", function* (store, tenantId) {
      const created = yield* together(crowd, (index) => {
        const append = appendOf(tenantId, `${tenantId}/${index}`, 0, [eventOf(tenantId)]);
        return Effect.map(store.append(append), (first) => ({ append, first }));
      });
      const head = yield* store.head;
      const late = new Date(0);
      const refused = yield* together(crowd, (index) => {
        const rejection = { reason: index };
        const append = appendOf(tenantId, `${tenantId}/${index}`, 1, [], { rejection });
        return Effect.map(store.append(append), (first) => ({ append, first }));
      });
      /** For each of the created streams in turn: what is sent to it, and what that is to be answered with. */
      const exchanges = created.map(({ append: known, first }, index) => {
        const { streamId, context: { commandId } } = known;
        const next = [eventOf(tenantId), eventOf(tenantId)];
        const remembered = refused[index] ?? assert.fail();
        assert(first._tag === "Appended" && remembered.first._tag === "Appended");
        switch (index % 7) {
          case 0:
            return [appendOf(tenantId, streamId, 1, next), { _tag: "Appended", version: 3 }] as const;
          case 1:
            return [appendOf(tenantId, streamId, 0, next), { _tag: "Conflict", actualVersion: 1 }] as const;
          case 2:
            return [known, { ...first, _tag: "Duplicate", rejection: null }] as const;
          case 3:
            return [remembered.append, {
              ...remembered.first,
              _tag: "Duplicate",
              rejection: { reason: index },
            }] as const;
          case 4:
            return [appendOf(tenantId, streamId, 1, next, { commandId, fingerprint: "other" }), {
              _tag: "CommandIdReused",
            }] as const;
          case 5:
            return [appendOf(tenantId, streamId, 1, next, { deadline: late }), {
              _tag: "DeadlineExceeded",
            }] as const;
          default:
            return [appendOf(tenantId, streamId, 2, []), { _tag: "Conflict", actualVersion: 1 }] as const;
        }
      });
      const outcomes = yield* Effect.forEach(exchanges, ([append]) => store.append(append), {
        concurrency: "unbounded",
      });
      const log = yield* store.read(head, crowd);
      outcomes.forEach((outcome, index) => {
        const [{ streamId }, expected] = exchanges[index] ?? assert.fail();
        if (expected._tag !== "Appended") return assert.deepStrictEqual<object>(outcome, expected);
        assert(outcome._tag === "Appended" && outcome.version === expected.version);
        assert.deepInclude(log[outcome.position - head - 1], { streamId, version: expected.version });
      });
      const appended = exchanges.flatMap(([append, { _tag }]) => _tag === "Appended" ? eventIds(append) : []);
      assert.deepStrictEqual(log.map(({ eventId }) => eventId).sort(), appended.sort());
    });

    test("writes nothing past a deadline, and remembers nothing of it", function* (store, tenantId) {
      const head = yield* store.head;
      const past = appendOf(tenantId, `${tenantId}/a`, 0, [eventOf(tenantId)], { deadline: new Date(0) });
      assert.deepStrictEqual(yield* store.append(past), { _tag: "DeadlineExceeded" });
      assert.strictEqual(yield* store.head, head);
      const ahead = { ...past, deadline: new Date(Date.UTC(3000, 0)) };
      assert.strictEqual((yield* store.append(ahead))._tag, "Appended");
      assert.deepStrictEqual(yield* store.append(past), { _tag: "DeadlineExceeded" });
    });

    test("fails only the append that the database cannot take", function* (store, tenantId) {
      const head = yield* store.head;
      const unstorable = receivedBy(tenantId, { metadata: { note: "NUL \u0000 in a text" } });
      const exits = yield* together(crowd, (index) =>
        Effect.exit(store.append(
          appendOf(tenantId, `${tenantId}/${index}`, 0, [index % 100 === 7 ? unstorable : eventOf(tenantId)]),
        )));
      exits.forEach((exit, index) => {
        const error = Exit.isFailure(exit) ? Cause.squash(exit.cause) : null;
        if (index % 100 === 7) assert(error instanceof EventStoreError && error.reason === "Rejected");
        else assert.isTrue(Exit.isSuccess(exit) && exit.value._tag === "Appended", `append ${index}`);
      });
      const log = yield* store.read(head, crowd);
      assert.lengthOf(new Set(log.map(({ streamId }) => streamId)), crowd - 6);
    });

    test(
      "dies of an event that breaks its schema, and takes the appends beside and after it",
      function* (store, tenantId) {
        const broken = { ...eventOf(tenantId), sizeBytes: -1 };
        const exits = yield* together(10, (index) =>
          Effect.exit(store.append(
            appendOf(tenantId, `${tenantId}/${index}`, 0, [index === 5 ? broken : eventOf(tenantId)]),
          )));
        exits.forEach((exit, index) =>
          assert.strictEqual(
            Exit.isFailure(exit) && Cause.hasDies(exit.cause),
            index === 5,
            `append ${index}`,
          )
        );
        const after = appendOf(tenantId, `${tenantId}/after`, 0, [eventOf(tenantId)]);
        assert.strictEqual((yield* store.append(after))._tag, "Appended");
      },
    );

    test(
      "reads the log onward from a position, in order and no more than asked for",
      function* (store, tenantId) {
        const head = yield* store.head;
        yield* together(
          30,
          (index) => store.append(appendOf(tenantId, `${tenantId}/${index}`, 0, [eventOf(tenantId)])),
        );
        const positionsOf = (events: ReadonlyArray<RecordedEvent>) =>
          events.map(({ position }) => position - head);
        assert.deepStrictEqual(positionsOf(yield* store.read(head, 4)), [1, 2, 3, 4]);
        assert.deepStrictEqual(positionsOf(yield* store.read(Position.make(head + 27), 4)), [28, 29, 30]);
        assert.deepStrictEqual(yield* store.read(Position.make(head + 30), 4), []);
        assert.strictEqual((yield* store.read(Position.make(0), 1))[0]?.position, 1);
      },
    );

    test("reads a stream onward from a version, and only this stream", function* (store, tenantId) {
      const [a, b] = [`${tenantId}/a`, `${tenantId}/b`];
      for (let version = 0; version < 3; version++) {
        yield* store.append(appendOf(tenantId, a, version, [eventOf(tenantId)]));
        yield* store.append(appendOf(tenantId, b, version, [eventOf(tenantId)]));
      }
      const versionsOf = (streamId: string, after: number) =>
        Effect.map(store.readStream(streamId, after), (events) =>
          events.map((event) => {
            assert.strictEqual(event.streamId, streamId);
            return event.version;
          }));
      assert.deepStrictEqual(yield* versionsOf(a, 0), [1, 2, 3]);
      assert.deepStrictEqual(yield* versionsOf(b, 1), [2, 3]);
      assert.deepStrictEqual(yield* versionsOf(a, 3), []);
      assert.deepStrictEqual(yield* versionsOf(`${tenantId}/none`, 0), []);
    });

    test("dies of a hole in the log rather than skip it", function* (store, tenantId, sql) {
      const head = yield* store.head;
      yield* store.append(appendOf(tenantId, `${tenantId}/a`, 0, [1, 2, 3, 4].map(() => eventOf(tenantId))));
      const lose = sql`DELETE FROM events WHERE position = ${head + 3}`;
      const readers: ReadonlyArray<
        (after: Position, limit: number) => Effect.Effect<ReadonlyArray<unknown>, unknown>
      > = [store.read, store.readRaw];
      for (const read of readers) {
        const at = (after: number) => whileChanged(sql, lose, dies(read(Position.make(head + after), 10)));
        assert.deepStrictEqual([yield* at(0), yield* at(2), yield* at(3)], [true, true, false]);
        assert.lengthOf(yield* read(head, 10), 4);
      }
    });

    test("reads events raw, whether it knows them or not", function* (store, tenantId, sql) {
      const head = yield* store.head;
      yield* store.append(appendOf(tenantId, `${tenantId}/a`, 0, [eventOf(tenantId), eventOf(tenantId)]));
      const events = yield* store.read(head, 10);
      const unread = (yield* store.readRaw(head, 10)).map(({ data, ...rest }) => ({
        ...rest,
        data: JSON.parse(data),
      }));
      assert.deepStrictEqual(unread, events.map(({ event, ...rest }) => ({ ...rest, ...toStored(event) })));
      const change = sql`UPDATE events SET type = 'UploadForgotten', data = '{"a": 1.50}' WHERE position = ${
        head + 1
      }`;
      const changed = yield* whileChanged(sql, change, store.readRaw(head, 1));
      assert.containsSubset(changed, [{ type: "UploadForgotten", data: '{"a": 1.50}' }]);
    });

    test("dies of an event that it does not know or cannot decode", function* (store, tenantId, sql) {
      const head = yield* store.head;
      const streamId = `${tenantId}/a`;
      yield* store.append(appendOf(tenantId, streamId, 0, [eventOf(tenantId)]));
      const changes = [
        ["UnknownType", sql`UPDATE events SET type = 'UploadForgotten' WHERE position = ${head + 1}`],
        ["UnknownVersion", sql`UPDATE events SET schema_version = 99 WHERE position = ${head + 1}`],
        ["Invalid", sql`UPDATE events SET data = data - 'filename' WHERE position = ${head + 1}`],
      ] as const;
      for (const [reason, change] of changes) {
        for (const reading of [store.read(head, 10), store.readStream(streamId, 0)]) {
          const exit = yield* whileChanged(sql, change, Effect.exit(reading));
          assert(Exit.isFailure(exit) && Cause.hasDies(exit.cause));
          const error = Cause.squash(exit.cause);
          assert(error instanceof StoredEventError);
          assert.deepStrictEqual([error.reason, error.position], [reason, Position.make(head + 1)]);
        }
      }
      assert.lengthOf(yield* store.read(head, 10), 1);
    });

    /** Where a scan ended, and the positions and types that it met; all positions counted from a head. */
    const scanned =
      (store: EventStore["Service"], head: number) =>
      (after: number, limit: number, types: ReadonlyArray<EventType>) =>
        Effect.map(store.scan(Position.make(head + after), limit, types), ({ events, reached }) => ({
          reached: reached - head,
          met: events.map((event) =>
            [event.position - head, isReadable(event) ? event.event._tag : event.type] as const
          ),
        }));

    test(
      "scans the log for events of some types, and tells how far it came",
      function* (store, tenantId) {
        const head = yield* store.head;
        const upload = eventOf(tenantId);
        const { uploadId } = upload;
        const events: ReadonlyArray<DomainEvent> = [
          upload,
          conversionOf(upload),
          { _tag: "UploadReady", uploadId, media },
          conversionOf(upload),
          { _tag: "UploadDeleted", uploadId, userId: user },
        ];
        const append = appendOf(tenantId, `${tenantId}/a`, 0, events);
        yield* store.append(append);
        const scan = scanned(store, head);
        const conversions = [[2, "ConversionRequested"], [4, "ConversionRequested"]] as const;
        assert.deepEqual(yield* scan(0, 10, ["ConversionRequested"]), { reached: 5, met: [...conversions] });
        assert.deepEqual(yield* scan(0, 3, ["ConversionRequested"]), {
          reached: 3,
          met: conversions.slice(0, 1),
        });
        assert.deepEqual(yield* scan(2, 1, ["ConversionRequested"]), { reached: 3, met: [] });
        assert.deepEqual(yield* scan(3, 2, ["ConversionRequested", "UploadDeleted"]), {
          reached: 5,
          met: [[4, "ConversionRequested"], [5, "UploadDeleted"]],
        });
        assert.deepEqual(yield* scan(0, 10, []), { reached: 5, met: [] });
        assert.deepEqual(yield* scan(5, 10, ["UploadReceived"]), { reached: 5, met: [] });
        const everything = yield* store.scan(head, 10, eventTypes);
        assert.deepStrictEqual(everything, {
          reached: Position.make(head + 5),
          events: yield* store.read(head, 10),
        });
      },
    );

    test(
      "dies of a hole in the log also where it would pass over the event",
      function* (store, tenantId, sql) {
        const head = yield* store.head;
        yield* store.append(
          appendOf(tenantId, `${tenantId}/a`, 0, [1, 2, 3, 4, 5].map(() => eventOf(tenantId))),
        );
        const diesWithout = (lost: number, after: number, limit: number) =>
          whileChanged(
            sql,
            sql`DELETE FROM events WHERE position = ${head + lost}`,
            dies(store.scan(Position.make(head + after), limit, ["ConversionRequested"])),
          );
        const cases: ReadonlyArray<readonly [lost: number, after: number, limit: number, dies: boolean]> = [
          [1, 0, 10, true],
          [3, 0, 10, true],
          [3, 0, 3, true],
          [3, 2, 1, true],
          [3, 2, 10, true],
          [5, 0, 10, true],
          [5, 4, 10, true],
          [3, 0, 2, false],
          [3, 3, 10, false],
        ];
        for (const [lost, after, limit, expected] of cases) {
          const message = `without ${lost}, after ${after}, at most ${limit}`;
          assert.strictEqual(yield* diesWithout(lost, after, limit), expected, message);
        }
      },
    );

    test(
      "tells everything it can of an event that it cannot read, and scans on",
      function* (store, tenantId, sql) {
        const head = yield* store.head;
        const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        const streamId = `${tenantId}/a`;
        const append = appendOf(tenantId, streamId, 0, [1, 2, 3].map(() => eventOf(tenantId)), {
          traceparent,
        });
        yield* store.append(append);
        const second = sql`position = ${head + 2}`;
        const changes = [
          ["UnknownType", sql`UPDATE events SET type = 'UploadForgotten' WHERE ${second}`, []],
          ["UnknownVersion", sql`UPDATE events SET schema_version = 99 WHERE ${second}`, ["UploadReceived"]],
          ["Invalid", sql`UPDATE events SET data = data - 'filename' WHERE ${second}`, ["UploadReceived"]],
          ["Invalid", sql`UPDATE events SET data = '[]' WHERE ${second}`, ["UploadReceived"]],
          ["Invalid", sql`UPDATE events SET data = 'null' WHERE ${second}`, ["UploadReceived"]],
        ] as const;
        for (const [reason, change, types] of changes) {
          const { events, reached } = yield* whileChanged(sql, change, store.scan(head, 10, types));
          assert.strictEqual(reached, head + 3);
          assert.lengthOf(events, types.length === 0 ? 1 : 3);
          const found = events.find((event) => !isReadable(event));
          assert(found !== undefined && !isReadable(found));
          const { unreadable, ...rest } = found;
          const position = Position.make(head + 2);
          const type = reason === "UnknownType" ? "UploadForgotten" : "UploadReceived";
          const eventId = eventIds(append)[1] ?? assert.fail();
          assert.deepStrictEqual(rest, { position, streamId, eventId, type, tenantId, traceparent });
          assert.deepInclude(unreadable, { reason, type, position });
        }
        // What is not asked for need not be readable; nor is it met before its place.
        const [, , spoil] = changes.map(([, change]) => change);
        const passed = whileChanged(sql, spoil ?? assert.fail(), store.scan(head, 10, ["UploadDeleted"]));
        assert.deepStrictEqual(yield* passed, { events: [], reached: Position.make(head + 3) });
        const before = whileChanged(sql, spoil ?? assert.fail(), store.scan(head, 1, ["UploadReceived"]));
        assert.isTrue((yield* before).events.every(isReadable));
      },
    );

    test("reads an event of an older version as today's version has it", function* (store, tenantId, sql) {
      const head = yield* store.head;
      const requested = conversionOf(eventOf(tenantId));
      const event = {
        _tag: "ConversionCompleted",
        conversionId: requested.conversionId,
        outputs: [renderedOf(tenantId, requested)],
        failed: [],
        encoder,
      } as const;
      yield* store.append(appendOf(tenantId, `${tenantId}/a`, 0, [event]));
      const age = sql`
        UPDATE events SET schema_version = 1, data = data - 'encoder' - 'failed' WHERE position = ${
        head + 1
      }`;
      const [today] = yield* store.read(head, 10);
      const [older] = yield* whileChanged(sql, age, store.read(head, 10));
      assert.deepInclude(today, { schemaVersion: 3, event });
      assert.deepInclude(older, { schemaVersion: 1, event: { ...event, encoder: "unknown" } });
    });

    test("wakes those who wait for the log to grow beyond a position", function* (store, tenantId) {
      const head = yield* store.head;
      const waiting = yield* Effect.forkChild(
        Effect.all([store.awaitBeyond(head), store.awaitBeyond(Position.make(head + 1))], { concurrency: 2 }),
        { startImmediately: true },
      );
      yield* store.append(appendOf(tenantId, `${tenantId}/a`, 0, [eventOf(tenantId)]));
      yield* store.awaitBeyond(head);
      assert.isUndefined(waiting.pollUnsafe(), "one of the two waits for the next event");
      yield* store.append(appendOf(tenantId, `${tenantId}/b`, 0, [eventOf(tenantId)]));
      yield* Fiber.join(waiting);
    });

    test("wakes its own readers by itself, without another look at the log", function* (_, tenantId, sql) {
      // With a clock that stands still, nobody looks.
      const frozen = yield* Layer.build(TestClock.layer());
      const store = yield* Layer.build(Layer.fresh(adapter)).pipe(
        Effect.provideContext(frozen),
        Effect.provideService(PgClient.PgClient, sql),
        Effect.map(Context.get(EventStore)),
      );
      const waiting = yield* Effect.forkChild(store.awaitBeyond(yield* store.head), {
        startImmediately: true,
      });
      yield* store.append(appendOf(tenantId, `${tenantId}/a`, 0, [eventOf(tenantId)]));
      yield* Fiber.join(waiting);
    });

    test("gives back everything that was recorded", function* (store, tenantId) {
      const head = yield* store.head;
      const uploadId = newId("upl");
      const analysisId = newId("anl");
      const events: ReadonlyArray<DomainEvent> = [
        receivedBy(tenantId, {
          uploadId,
          sessionId: "session",
          contentType: null,
          filename: 'Übung "1" \\ 音楽 🎵.MP3',
          metadata: { nested: { list: [1, -0.1, 1e21, true, null, "line\nbreak"] }, "": {} },
        }),
        { _tag: "UploadReady", uploadId, media: { ...media, bitRate: null } },
        {
          _tag: "AnalysisCompleted",
          analysisId,
          report: reportOn({ tenantId, userId: user, uploadId }, analysisId),
        },
        { _tag: "ConversionFailed", conversionId: newId("cnv"), reason: failure },
      ];
      const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
      const caused = appendOf(tenantId, `${tenantId}/a`, 0, events, {
        traceparent,
        correlationId: newId("cmd"),
        causationId: newId("evt"),
        issuedAt: new Date("2026-02-28T23:59:59.987Z"),
      });
      const sent = appendOf(tenantId, `${tenantId}/b`, 0, [eventOf(tenantId)], {
        issuedAt: new Date("2026-03-01T00:00:00.001Z"),
      });
      yield* store.append(caused);
      yield* store.append(sent);
      const expected = [caused, sent].flatMap(({ streamId, events, context: { issuedAt, ...context } }) =>
        events.map(({ eventId, event }, index) => ({
          ...context,
          streamId,
          version: index + 1,
          eventId,
          schemaVersion: currentVersion(event._tag),
          recordedAt: issuedAt,
          event,
        }))
      ).map((event, index) => ({ ...event, position: Position.make(head + index + 1) }));
      assert.deepStrictEqual(yield* store.read(head, 10), expected);
      assert.deepStrictEqual(yield* store.readStream(sent.streamId, 0), expected.slice(4));
    });
  });
};
