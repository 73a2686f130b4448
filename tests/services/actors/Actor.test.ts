import { assert, layer } from "@effect/vitest";
import {
  Cause,
  Context,
  Deferred,
  Effect,
  Exit,
  Fiber,
  Latch,
  Layer,
  References,
  type Scope,
  Tracer,
} from "effect";
import { TestClock } from "effect/testing";
import * as PgEventStore from "../../../infra/postgres/PgEventStore.ts";
import type { ConversionCommand } from "../../../domain/conversion/Conversion.ts";
import type { TenantId, UploadId } from "../../../domain/Id.ts";
import { UploadError } from "../../../domain/upload/Upload.ts";
import { ActorError, mailboxCapacity } from "../../../services/actors/Actor.ts";
import { Actors } from "../../../services/actors/Actors.ts";
import { causedBy, following, initial } from "../../../services/actors/CommandMeta.ts";
import { EventStore, EventStoreError } from "../../../services/EventStore.ts";
import { postgres } from "../../support/Databases.ts";
import {
  appendOf,
  conversionOf,
  failure,
  media,
  newId,
  newTenant,
  receivedBy,
} from "../../support/Fixtures.ts";

type Store = EventStore["Service"];

interface Given {
  readonly store: Store;
  readonly tenantId: TenantId;
  /** A process of its own: actors on the store, or on one that stands before it. */
  readonly start: (store?: Store) => Effect.Effect<Actors["Service"], never, Scope.Scope>;
  readonly streamOf: (id: string) => string;
}

const database = Layer.provide(PgEventStore.layer({ callsInFlight: 2 }), postgres);

const receive = (tenantId: TenantId, uploadId: UploadId = newId("upl")) =>
  ({ _tag: "ReceiveUpload", received: receivedBy(tenantId, { uploadId }) }) as const;

const remove = (uploadId: UploadId) => ({ _tag: "DeleteUpload", uploadId }) as const;

const client = (tenantId: TenantId, deadline: Date | null = null) =>
  initial(tenantId, newId("cmd"), deadline);

/** The store with a gate before the appends to one stream. */
const gated = (store: Store, streamId: string, gate: Latch.Latch): Store => ({
  ...store,
  append: (append) =>
    append.streamId === streamId
      ? Effect.andThen(Latch.await(gate), store.append(append))
      : store.append(append),
});

layer(database, { excludeTestServices: true })("An actor", (it) => {
  const test = (sentence: string, body: (given: Given) => Effect.fn.Return<void, unknown, Scope.Scope>) =>
    it.effect(sentence, () =>
      Effect.gen(function* () {
        const store = yield* EventStore;
        const tenantId = newTenant();
        const start = (used: Store = store) =>
          Layer.build(Layer.fresh(Actors.layer)).pipe(
            Effect.provideService(EventStore, used),
            Effect.map(Context.get(Actors)),
          );
        yield* Effect.gen(() => body({ store, tenantId, start, streamOf: (id) => `${tenantId}/${id}` }));
      }).pipe(Effect.provideService(References.MinimumLogLevel, "None")));

  const tagsOf = ({ store, streamOf }: Given, id: string) =>
    Effect.map(store.readStream(streamOf(id), 0), (events) => events.map(({ event }) => event._tag));

  test(
    "carries out the commands for one id one after another, in the order they were sent",
    function* (given) {
      const { store, tenantId, start, streamOf } = given;
      let running = 0;
      let most = 0;
      const { conversions } = yield* start({
        ...store,
        append: (append) =>
          Effect.suspend(() => {
            most = Math.max(most, ++running);
            return Effect.ensuring(store.append(append), Effect.sync(() => running--));
          }),
      });
      const conversionId = newId("cnv");
      const steps = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];
      const commands: ReadonlyArray<ConversionCommand> = [
        { _tag: "RequestConversion", requested: conversionOf(receivedBy(tenantId), conversionId) },
        { _tag: "StartConversion", conversionId },
        ...steps.map((progress) =>
          ({ _tag: "ReportConversionProgress", conversionId, attempt: 1, progress }) as const
        ),
        { _tag: "CancelConversion", conversionId },
        { _tag: "RetryConversion", conversionId },
      ];
      const accepted = yield* Effect.forEach(
        commands,
        (command) => conversions.send(command, client(tenantId)),
        {
          concurrency: "unbounded",
        },
      );
      assert.strictEqual(most, 1);
      const stream = yield* store.readStream(streamOf(conversionId), 0);
      assert.deepStrictEqual(
        accepted.map(({ position }) => position),
        stream.map(({ position }) => position),
      );
      assert.deepStrictEqual(
        stream.map(({ event }) => event._tag === "ConversionProgressed" ? event.progress : event._tag),
        ["ConversionRequested", "ConversionStarted", ...steps, "ConversionCancelled", "ConversionRetried"],
      );
      assert.strictEqual(accepted.at(-1)?.state?.job.status, "queued");
    },
  );

  test("does not hold up the actors of other ids", function* ({ store, tenantId, start, streamOf }) {
    const gate = yield* Latch.make();
    const slow = newId("upl");
    const { uploads } = yield* start(gated(store, streamOf(slow), gate));
    const waiting = yield* Effect.forkChild(uploads.send(receive(tenantId, slow), client(tenantId)), {
      startImmediately: true,
    });
    const others = Array.from({ length: 10 }, () => receive(tenantId));
    yield* Effect.forEach(others, (command) => uploads.send(command, client(tenantId)), { concurrency: 10 });
    assert.isUndefined(waiting.pollUnsafe());
    yield* Latch.open(gate);
    assert.strictEqual((yield* Fiber.join(waiting)).state?.status, "received");
  });

  test("refuses commands when too many wait, and takes them again later", function* (given) {
    const { store, tenantId, start, streamOf } = given;
    const gate = yield* Latch.make();
    const busy = newId("upl");
    const { uploads } = yield* start(gated(store, streamOf(busy), gate));
    const send = uploads.send(receive(tenantId, busy), client(tenantId));
    const fill = Effect.forEach(
      Array.from({ length: mailboxCapacity }),
      () =>
        Effect.forkChild(Effect.exit(uploads.send(receive(tenantId, busy), client(tenantId))), {
          startImmediately: true,
        }),
    );
    const overloaded = new ActorError({ reason: "Overloaded", actorId: busy });

    const abandoned = yield* fill;
    assert.deepStrictEqual(yield* Effect.flip(send), overloaded);
    yield* uploads.send(receive(tenantId), client(tenantId));
    yield* Fiber.interruptAll(abandoned);

    const waiting = yield* fill;
    assert.deepStrictEqual(yield* Effect.flip(send), overloaded);
    yield* Latch.open(gate);
    const exits = yield* Fiber.joinAll(waiting);
    assert.lengthOf(exits.filter(Exit.isSuccess), 1);
    yield* uploads.send(remove(busy), client(tenantId));
    assert.deepStrictEqual(yield* tagsOf(given, busy), ["UploadReceived", "UploadDeleted"]);
  });

  test("does not carry out a command whose deadline passes while others are before it", function* (given) {
    const { store, tenantId, start, streamOf } = given;
    yield* Effect.gen(function* () {
      const gate = yield* Latch.make();
      const uploadId = newId("upl");
      let appends = 0;
      const counted: Store = {
        ...store,
        append: (append) => Effect.suspend(() => (appends++, store.append(append))),
      };
      const { uploads } = yield* start(gated(counted, streamOf(uploadId), gate));
      const send = (command: Parameters<typeof uploads.send>[0], deadline: Date | null) =>
        Effect.forkChild(Effect.exit(uploads.send(command, client(tenantId, deadline))), {
          startImmediately: true,
        });
      const first = yield* send(receive(tenantId, uploadId), null);
      const late = client(tenantId, new Date(5_000));
      const waiting = yield* Effect.forkChild(Effect.flip(uploads.send(remove(uploadId), late)), {
        startImmediately: true,
      });
      const ready = { _tag: "MarkUploadReady", uploadId, media } as const;
      const patient = yield* send(ready, new Date(Date.UTC(3000, 0)));
      yield* TestClock.adjust("5 seconds");
      yield* Latch.open(gate);
      assert.isTrue(Exit.isSuccess(yield* Fiber.join(first)));
      assert.deepStrictEqual(
        yield* Fiber.join(waiting),
        new ActorError({ reason: "DeadlineExceeded", actorId: uploadId }),
      );
      assert.isTrue(Exit.isSuccess(yield* Fiber.join(patient)));
      assert.strictEqual(appends, 2);
      assert.deepStrictEqual(yield* tagsOf(given, uploadId), ["UploadReceived", "UploadReady"]);

      const again = yield* uploads.send(remove(uploadId), { ...late, deadline: null });
      assert.strictEqual(again.state?.status, "deleted", "nothing was remembered of the command");
    }).pipe(Effect.scoped, Effect.provide(TestClock.layer()));
  });

  test("tells of a command that is too late for the store, and goes on", function* (given) {
    const { tenantId, start } = given;
    yield* Effect.gen(function* () {
      const { uploads } = yield* start();
      const uploadId = newId("upl");
      // In time by the clock of the actor, which stands still; by that of the store the year is long past.
      const late = client(tenantId, new Date(5_000));
      assert.deepStrictEqual(
        yield* Effect.flip(uploads.send(receive(tenantId, uploadId), late)),
        new ActorError({ reason: "DeadlineExceeded", actorId: uploadId }),
      );
      assert.deepStrictEqual(yield* tagsOf(given, uploadId), []);
      yield* uploads.send(receive(tenantId, uploadId), client(tenantId));
      assert.deepStrictEqual(yield* tagsOf(given, uploadId), ["UploadReceived"]);
    }).pipe(Effect.scoped, Effect.provide(TestClock.layer()));
  });

  test("decides anew when another process was faster", function* (given) {
    const { tenantId, start } = given;
    const [mine, theirs] = [yield* start(), yield* start()];
    const uploadId = newId("upl");
    yield* mine.uploads.send(receive(tenantId, uploadId), client(tenantId));
    yield* theirs.uploads.send(remove(uploadId), client(tenantId));
    const ready = { _tag: "MarkUploadReady", uploadId, media } as const;
    assert.strictEqual((yield* mine.uploads.send(ready, client(tenantId))).state?.status, "deleted");
    const again = yield* Effect.flip(mine.uploads.send(receive(tenantId, uploadId), client(tenantId)));
    assert.deepStrictEqual(again, new UploadError({ reason: "AlreadyExists", uploadId }));
    assert.deepStrictEqual(yield* tagsOf(given, uploadId), ["UploadReceived", "UploadDeleted"]);
  });

  test("lets one of many that want to create it win, in one process or in several", function* (given) {
    const { tenantId, start } = given;
    const processes = [yield* start(), yield* start()];
    const uploadId = newId("upl");
    const exits = yield* Effect.forEach(
      Array.from({ length: 20 }, (_, index) => processes[index % 2] ?? assert.fail()),
      ({ uploads }) => Effect.exit(uploads.send(receive(tenantId, uploadId), client(tenantId))),
      { concurrency: "unbounded" },
    );
    const errors = exits.filter(Exit.isFailure).map(({ cause }) => Cause.squash(cause));
    const refusal = new UploadError({ reason: "AlreadyExists", uploadId });
    assert.deepStrictEqual(errors, Array.from({ length: 19 }, () => refusal));
    assert.deepStrictEqual(yield* tagsOf(given, uploadId), ["UploadReceived"]);
  });

  test(
    "tries a command four times against faster writers, then gives up and writes nothing",
    function* (given) {
      const { store, tenantId, start, streamOf } = given;
      const uploadId = newId("upl");
      let tries = 0;
      let rivals = 3;
      const { uploads } = yield* start({
        ...store,
        append: Effect.fnUntraced(function* (append) {
          if (tries++ < rivals) {
            const rival = appendOf(tenantId, append.streamId, append.expectedVersion, [
              receivedBy(tenantId, { uploadId }),
            ]);
            yield* store.append(rival);
          }
          return yield* store.append(append);
        }),
      });
      const refused = yield* Effect.flip(uploads.send(receive(tenantId, uploadId), client(tenantId)));
      assert.deepStrictEqual(refused, new UploadError({ reason: "AlreadyExists", uploadId }));
      assert.strictEqual(tries, 4);

      [tries, rivals] = [0, 4];
      const contended = yield* Effect.flip(uploads.send(remove(uploadId), client(tenantId)));
      assert.deepStrictEqual(contended, new ActorError({ reason: "Contended", actorId: uploadId }));
      assert.strictEqual(tries, 4);
      assert.notInclude(yield* tagsOf(given, uploadId), "UploadDeleted");
      assert.lengthOf(yield* store.readStream(streamOf(uploadId), 0), 7);
    },
  );

  test("answers a repeated command as the first time, even in another process", function* (given) {
    const { tenantId, start } = given;
    const [mine, theirs, late] = [yield* start(), yield* start(), yield* start()];
    const uploadId = newId("upl");
    const [command, meta] = [receive(tenantId, uploadId), client(tenantId)];
    const first = yield* mine.uploads.send(command, meta);
    assert.deepStrictEqual(yield* mine.uploads.send(command, meta), first);
    yield* theirs.uploads.send(remove(uploadId), client(tenantId));
    for (const { uploads } of [mine, theirs, late]) {
      const again = yield* uploads.send(command, meta);
      assert.strictEqual(again.position, first.position);
      assert.strictEqual(again.state?.status, "deleted");
    }
    assert.deepStrictEqual(yield* tagsOf(given, uploadId), ["UploadReceived", "UploadDeleted"]);
  });

  test(
    "refuses a repeated command as the first time, even if it could be carried out by now",
    function* (given) {
      const { tenantId, start } = given;
      const { uploads } = yield* start();
      const uploadId = newId("upl");
      const meta = client(tenantId);
      const notFound = new UploadError({ reason: "NotFound", uploadId });
      assert.deepStrictEqual(yield* Effect.flip(uploads.send(remove(uploadId), meta)), notFound);
      yield* uploads.send(receive(tenantId, uploadId), client(tenantId));
      for (const { uploads: here } of [{ uploads }, yield* start()]) {
        assert.deepStrictEqual(yield* Effect.flip(here.send(remove(uploadId), meta)), notFound);
      }
      assert.deepStrictEqual(yield* tagsOf(given, uploadId), ["UploadReceived"]);
    },
  );

  test("refuses a command id that another command has used", function* (given) {
    const { tenantId, start } = given;
    const { uploads } = yield* start();
    const uploadId = newId("upl");
    const meta = client(tenantId);
    yield* uploads.send(receive(tenantId, uploadId), meta);
    for (const command of [remove(uploadId), receive(tenantId)]) {
      const error = yield* Effect.flip(uploads.send(command, meta));
      assert(error instanceof ActorError);
      assert.strictEqual(error.reason, "CommandIdReused");
    }
    assert.deepStrictEqual(yield* tagsOf(given, uploadId), ["UploadReceived"]);
  });

  test("does not exist for another tenant", function* (given) {
    const { tenantId, start } = given;
    const { uploads } = yield* start();
    const uploadId = newId("upl");
    const meta = client(tenantId);
    yield* uploads.send(receive(tenantId, uploadId), meta);
    const other = newTenant();
    assert.isNull(yield* uploads.state(other, uploadId));
    for (const foreign of [client(other), { ...meta, tenantId: other }]) {
      const error = yield* Effect.flip(uploads.send(remove(uploadId), foreign));
      assert.deepStrictEqual(error, new UploadError({ reason: "NotFound", uploadId }));
    }
    assert.strictEqual((yield* uploads.state(tenantId, uploadId))?.status, "received");
  });

  test("is forgotten after a minute without commands, and loaded again when it is needed", function* (given) {
    const { store, tenantId, start, streamOf } = given;
    const loads: Array<number> = [];
    const uploadId = newId("upl");
    yield* Effect.gen(function* () {
      const { uploads } = yield* start({
        ...store,
        readStream: (streamId, after) => {
          if (streamId === streamOf(uploadId)) loads.push(after);
          return store.readStream(streamId, after);
        },
      });
      yield* uploads.send(receive(tenantId, uploadId), client(tenantId));
      const touch = Effect.fnUntraced(function* () {
        const reject = { _tag: "RejectUpload", uploadId, reason: failure } as const;
        assert.strictEqual((yield* uploads.send(reject, client(tenantId))).state?.status, "rejected");
      });
      yield* TestClock.adjust("59 seconds");
      yield* touch();
      yield* TestClock.adjust("59 seconds");
      yield* touch();
      assert.deepStrictEqual(loads, [0]);
      yield* TestClock.adjust("61 seconds");
      yield* touch();
      assert.deepStrictEqual(loads, [0, 0]);
    }).pipe(Effect.scoped, Effect.provide(TestClock.layer()));
  });

  test("goes on after a sender was interrupted while its command was written", function* (given) {
    const { store, tenantId, start } = given;
    const written = yield* Deferred.make<void>();
    const { uploads } = yield* start({
      ...store,
      append: (append) =>
        append.events.some(({ event }) => event._tag === "UploadReceived")
          ? store.append(append).pipe(
            Effect.tap(Deferred.succeed(written, undefined)),
            Effect.andThen(Effect.never),
          )
          : store.append(append),
    });
    const uploadId = newId("upl");
    const sender = yield* Effect.forkChild(uploads.send(receive(tenantId, uploadId), client(tenantId)));
    yield* Deferred.await(written);
    yield* Fiber.interrupt(sender);
    assert.strictEqual((yield* uploads.send(remove(uploadId), client(tenantId))).state?.status, "deleted");
    assert.deepStrictEqual(yield* tagsOf(given, uploadId), ["UploadReceived", "UploadDeleted"]);
  });

  test("passes on that the store could not take an event, and goes on", function* (given) {
    const { tenantId, start } = given;
    const { uploads } = yield* start();
    const uploadId = newId("upl");
    const unstorable = receivedBy(tenantId, { uploadId, metadata: { note: "\u0000" } });
    const error = yield* Effect.flip(
      uploads.send({ _tag: "ReceiveUpload", received: unstorable }, client(tenantId)),
    );
    assert(error instanceof EventStoreError);
    assert.strictEqual(error.reason, "Rejected");
    yield* uploads.send(receive(tenantId, uploadId), client(tenantId));
    assert.deepStrictEqual(yield* tagsOf(given, uploadId), ["UploadReceived"]);
  });

  test(
    "dies of an event in its stream that is not its own",
    function* ({ store, tenantId, start, streamOf }) {
      const { uploads } = yield* start();
      const uploadId = newId("upl");
      yield* store.append(
        appendOf(tenantId, streamOf(uploadId), 0, [{
          _tag: "ConversionCancelled",
          conversionId: newId("cnv"),
        }]),
      );
      const exit = yield* Effect.exit(uploads.state(tenantId, uploadId));
      assert.isTrue(Exit.isFailure(exit) && Cause.hasDies(exit.cause));
    },
  );

  test(
    "records with each event what caused it, and the span that carried out the command",
    function* (given) {
      const { store, tenantId, start, streamOf } = given;
      const spans: Array<Tracer.Span> = [];
      const tracer = Tracer.make({
        span: (options) => {
          const span = new Tracer.NativeSpan(options);
          spans.push(span);
          return span;
        },
      });
      const { uploads } = yield* start();
      const uploadId = newId("upl");
      const sent = client(tenantId);
      const read = Effect.map(
        store.readStream(streamOf(uploadId), 0),
        (events) => events.at(-1) ?? assert.fail(),
      );
      yield* Effect.gen(function* () {
        yield* uploads.send(receive(tenantId, uploadId), sent);
        const received = yield* read;
        const { traceId, spanId } = spans.find(({ name }) => name === "Upload.ReceiveUpload") ??
          assert.fail();
        assert.strictEqual(traceId, spans.find(({ name }) => name === "request")?.traceId);
        assert.deepInclude(received, {
          commandId: sent.commandId,
          correlationId: sent.commandId,
          causationId: null,
          tenantId,
          traceparent: `00-${traceId}-${spanId}-01`,
        });

        assert.isNull(following(received, "probe").deadline);
        yield* uploads.send({ _tag: "MarkUploadReady", uploadId, media }, following(received, "probe"));
        const ready = yield* read;
        const consequence = { correlationId: sent.commandId, causationId: received.eventId };
        assert.deepInclude(ready, { ...consequence, commandId: `cmd_${received.eventId.slice(4)}.probe` });

        const later = causedBy(ready, newId("cmd"));
        yield* uploads.send(remove(uploadId), later);
        assert.deepInclude(yield* read, {
          commandId: later.commandId,
          correlationId: sent.commandId,
          causationId: ready.eventId,
        });
      }).pipe(Effect.withSpan("request"), Effect.withTracer(tracer));

      const untraced = newId("upl");
      yield* Effect.withTracerEnabled(uploads.send(receive(tenantId, untraced), client(tenantId)), false);
      const [first] = yield* store.readStream(streamOf(untraced), 0);
      assert.isNull(first?.traceparent);
    },
  );
});
