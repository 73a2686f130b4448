import { Array as Arr, Effect, Layer, Option, Schema, Stream } from "effect";
import { randomUUID } from "node:crypto";
import { Position } from "../../domain/event/RecordedEvent.ts";
import { EventId } from "../../domain/Id.ts";
import { EventBus, type EventBusError } from "../EventBus.ts";
import { EventStore, type EventStoreError } from "../EventStore.ts";
import { toSpan } from "../TraceContext.ts";
import type { EventRecord } from "../EventRecord.ts";
import { exportLog } from "./LogExport.ts";
import type { LogFileRefused } from "./LogFormat.ts";
import { importLog } from "./LogImport.ts";
import { type OperationError, operationError, outage } from "../OperationError.ts";
import { LogOperations, type ReplayProgress, type ReplayRequest } from "./LogOperations.ts";
import { type LogNotEmpty, LogTransfer } from "./LogTransfer.ts";
import { type EventFilter, StoredEvents } from "./StoredEvents.ts";

/** How many events are read, or replayed, at once. */
const batchSize = 256;

/** The longest chain of causes that is followed. */
const longestChain = 100;

const isEventId = Schema.is(EventId);

const noSuchEvent = (ref: Position | EventId) =>
  operationError("NOT_FOUND", `There is no event ${ref}: \`tapedeck events list\` shows what there is.`, "");

/** What the parts below fail with. */
type PartError = EventStoreError | EventBusError | LogFileRefused | LogNotEmpty;

const told = (error: PartError): Effect.Effect<never, OperationError> => {
  switch (error._tag) {
    case "EventBusError":
      return outage(
        "The event bus is out of reach",
        "Try again when it answers; a replay can be repeated, nothing acts on it.",
      )(error);
    case "EventStoreError":
      return outage("The event store is out of reach")(error);
    case "LogFileRefused":
      return Effect.fail(operationError("LOG_FILE_REFUSED", error.message));
    case "LogNotEmpty":
      return Effect.fail(operationError("LOG_NOT_EMPTY", `The log has ${error.head} events already`));
  }
};

/** The operations on the log that this process has open. Replays need a bus, which only a running service has. */
export const layer = Layer.effect(
  LogOperations,
  Effect.gen(function* () {
    const store = yield* EventStore;
    const stored = yield* StoredEvents;
    const bus = yield* Effect.serviceOption(EventBus);
    const services = yield* Effect.context<EventStore | StoredEvents | LogTransfer>();

    const status = Effect.gen(function* () {
      const [last] = yield* stored.find({ limit: 1 });
      return {
        epoch: yield* store.epoch,
        head: yield* store.head,
        lastRecordedAt: last?.recordedAt ?? null,
        eventsPerSecond: yield* stored.rate,
      };
    }).pipe(Effect.catch(told));

    const list = Effect.fn("LogOperations.list")(function* (filter: EventFilter) {
      const found = yield* stored.find({ ...filter, limit: filter.limit + 1 });
      const items = found.slice(0, filter.limit);
      return { items, nextCursor: found.length > filter.limit ? items.at(-1)?.position ?? null : null };
    }, Effect.catch(told));

    const find = (ref: Position | EventId) => Effect.catch(stored.event(ref), told);

    const show = Effect.fn("LogOperations.show")(function* (ref: Position | EventId) {
      const event = yield* find(ref);
      if (event === null) return yield* noSuchEvent(ref);
      const causes: Array<EventRecord> = [];
      for (let { causationId } = event; isEventId(causationId) && causes.length < longestChain;) {
        const cause: EventRecord | null = yield* find(causationId);
        if (cause !== null) causes.push(cause);
        causationId = cause?.causationId ?? null;
      }
      return { event, traceId: toSpan(event.traceparent)?.traceId ?? null, causes };
    });

    const tail = (from: Position | undefined) =>
      Effect.map(
        from === undefined ? store.head : Effect.succeed(from),
        (start) =>
          Stream.paginate(start, (after) =>
            Effect.gen(function* () {
              yield* store.awaitBeyond(after);
              const events = yield* stored.after(after, batchSize);
              return [events, Option.some(events.at(-1)?.position ?? after)] as const;
            })).pipe(Stream.catch((error) => Stream.fromEffect(told(error)))),
      ).pipe(Effect.catch(told));

    const whole = Effect.map(
      exportLog,
      Stream.catch((error) => Stream.fromEffect(told(error))),
    ).pipe(Effect.catch(told), Effect.provideContext(services));

    const bring = (
      bytes: Stream.Stream<Uint8Array, OperationError>,
      options: { readonly dryRun: boolean },
    ) =>
      importLog(bytes, options).pipe(
        Effect.catch((error) => error._tag === "OperationError" ? Effect.fail(error) : told(error)),
        Effect.provideContext(services),
      );

    /** The batches of a replay, and how many events they have. */
    const replayed = Effect.fnUntraced(function* (request: ReplayRequest) {
      if ("streamId" in request) {
        const events = yield* stored.ofStream(request.streamId);
        if (events.length === 0) {
          return yield* operationError(
            "NOT_FOUND",
            `There is no stream ${request.streamId}: \`tapedeck events list\` shows the stream of each event.`,
            "",
          );
        }
        return { total: events.length, batches: Stream.fromIterable(Arr.chunksOf(events, batchSize)) };
      }
      const head = yield* store.head;
      const to = Math.min(request.to ?? head, head);
      if (to < request.from) {
        return yield* operationError(
          "INVALID_PARAMETER",
          `There are no events from ${request.from} to ${request.to ?? head}: the log ends at ${head}.`,
          "",
        );
      }
      const batches = Stream.paginate(
        Position.make(request.from - 1),
        (after) =>
          Effect.map(stored.after(after, Math.min(batchSize, to - after)), (events) => {
            const last = events.at(-1)?.position ?? after;
            if (events.length === 0) throw new Error(`The log ends at ${after}, before its head ${head}`);
            return [[events], last < to ? Option.some(last) : Option.none()] as const;
          }),
      );
      return { total: to - request.from + 1, batches };
    });

    const replay = Effect.fn("LogOperations.replay")(function* (request: ReplayRequest) {
      const { total, batches } = yield* replayed(request).pipe(
        Effect.catchTag("EventStoreError", told),
      );
      const replayId = randomUUID();
      if (request.dryRun) return Stream.make({ replayId, replayed: 0, total });
      if (Option.isNone(bus)) {
        return yield* operationError(
          "NOT_READY",
          "Replays go over the bus of the running service",
          "Run the command without --offline.",
        );
      }
      yield* Effect.logInfo(`Replay ${replayId} of ${total} events begins`);
      const { value } = bus;
      let done = 0;
      return batches.pipe(
        Stream.mapEffect((events) => Effect.as(value.replay(replayId, events), events.length)),
        Stream.map((count): ReplayProgress => ({ replayId, replayed: done += count, total })),
        Stream.catch((error) => Stream.fromEffect(told(error))),
      );
    });

    return LogOperations.of({ status, list, show, tail, export: whole, import: bring, replay });
  }),
);
