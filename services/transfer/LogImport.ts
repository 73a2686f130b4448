import { Effect, Stream } from "effect";
import { Position } from "../../domain/event/RecordedEvent.ts";
import { fromStored } from "../../domain/event/StoredEvent.ts";
import type { EventStoreError } from "../EventStore.ts";
import type { EventRecord, ReceiptRecord } from "../EventRecord.ts";
import { LineReader, LogFileRefused } from "./LogFormat.ts";
import { linesOf } from "./LineSplitter.ts";
import type { Imported } from "./LogOperations.ts";
import { LogTransfer, type OpenLog } from "./LogTransfer.ts";

/** How many lines are checked and written at once. */
const batchSize = 1_000;

/** A record, and the number of the line that it was read from. */
interface Numbered<Record> {
  readonly number: number;
  readonly record: Record;
}

/**
 * Brings the bytes of an exported file into the empty log, in one transaction, so that a file which is refused leaves nothing behind.
 * Checked are the file itself (see `LineReader`), that versions are dense in each stream, that ids of events and receipts are unique,
 * that every receipt fits its stream, and that this program can read every event. A dry run does all of it and writes nothing.
 */
export const importLog = Effect.fn("LogTransfer.import")(function* <E, R>(
  bytes: Stream.Stream<Uint8Array, E, R>,
  options: { readonly dryRun: boolean },
) {
  const transfer = yield* LogTransfer;
  const fill = Effect.fnUntraced(function* (log: OpenLog) {
    const reader = new LineReader();

    const take = Effect.fnUntraced(function* (texts: ReadonlyArray<string>) {
      const events: Array<Numbered<EventRecord>> = [];
      const receipts: Array<Numbered<ReceiptRecord>> = [];
      for (const text of texts) {
        const line = yield* Effect.fromResult(reader.read(text));
        if (line.line === "event") events.push({ number: reader.number, record: line });
        if (line.line === "receipt") receipts.push({ number: reader.number, record: line });
      }
      if (events.length > 0) yield* takeEvents(log, events);
      if (receipts.length > 0) yield* takeReceipts(log, receipts);
    });

    yield* bytes.pipe(linesOf, Stream.rechunk(batchSize), Stream.runForEachArray(take));
    yield* Effect.fromResult(reader.end());
    const { events, receipts } = reader.counts;
    const epoch = yield* log.close(Position.make(events));
    return {
      events,
      receipts,
      sourceEpoch: reader.epoch ?? "",
      epoch: options.dryRun ? null : epoch,
    } satisfies Imported;
  });
  return yield* transfer.fill(fill, { keep: !options.dryRun });
});

const refuse = (line: number, detail: string) => Effect.fail(new LogFileRefused({ line, detail }));

const takeEvents = Effect.fnUntraced(function* (log: OpenLog, events: ReadonlyArray<Numbered<EventRecord>>) {
  const records = events.map(({ record }) => record);
  const known = new Set(yield* log.knownEvents(records.map(({ eventId }) => eventId)));
  const versions = new Map(yield* log.versions([...new Set(records.map(({ streamId }) => streamId))]));
  for (const { number, record } of events) {
    const { streamId, version, eventId } = record;
    const expected = (versions.get(streamId) ?? 0) + 1;
    if (version !== expected) {
      yield* refuse(
        number,
        `version ${expected} of stream ${streamId} is expected here, and ${version} was found`,
      );
    }
    if (known.has(eventId)) yield* refuse(number, `the event id ${eventId} was there before`);
    versions.set(streamId, version);
    known.add(eventId);
    yield* readable(number, record);
  }
  yield* held(events, log.writeEvents(records));
});

/** Refuses an event that this program cannot read. */
const readable = (number: number, { type, schemaVersion, data }: EventRecord) =>
  Effect.try({
    try: () => fromStored({ type, schemaVersion, data }),
    catch: (cause) =>
      new LogFileRefused({
        line: number,
        detail: `this program cannot read the event ${type}, version ${schemaVersion}: ${
          cause instanceof Error ? cause.message.replace(/\s*\n\s*/g, " ") : String(cause)
        }`,
      }),
  });

const takeReceipts = Effect.fnUntraced(
  function* (log: OpenLog, receipts: ReadonlyArray<Numbered<ReceiptRecord>>) {
    const records = receipts.map(({ record }) => record);
    const known = new Set(yield* log.knownReceipts(records));
    const versions = yield* log.versions([...new Set(records.map(({ streamId }) => streamId))]);
    for (const { number, record } of receipts) {
      const key = `${record.tenantId} ${record.commandId}`;
      const last = versions.get(record.streamId) ?? 0;
      if (known.has(key)) yield* refuse(number, `the command ${record.commandId} has a receipt before`);
      if (record.version > last) {
        yield* refuse(
          number,
          `the receipt names version ${record.version} of stream ${record.streamId}, which ends at ${last}`,
        );
      }
      known.add(key);
    }
    yield* held(receipts, log.writeReceipts(records));
  },
);

/** Refuses lines that the database can never hold. */
const held = <A, R>(
  lines: ReadonlyArray<Numbered<unknown>>,
  write: Effect.Effect<A, EventStoreError, R>,
): Effect.Effect<A, EventStoreError | LogFileRefused, R> =>
  Effect.catchIf(
    write,
    ({ reason }) => reason === "Rejected",
    ({ cause }) =>
      refuse(
        lines[0]?.number ?? 1,
        `from here to line ${
          lines.at(-1)?.number
        } there is something that the database cannot hold: ${cause}`,
      ),
  );
