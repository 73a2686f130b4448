import { Clock, Effect, Option, Stream } from "effect";
import { Position } from "../../domain/event/RecordedEvent.ts";
import { EventStore, type EventStoreError } from "../EventStore.ts";
import type { EventRecord, ReceiptRecord } from "../EventRecord.ts";
import { formatVersion, type Line, LineWriter } from "./LogFormat.ts";
import { LogTransfer, type ReceiptKey } from "./LogTransfer.ts";
import { StoredEvents } from "./StoredEvents.ts";

/** The most rows that are in memory at once. */
const pageSize = 1_000;

/**
 * The log up to its present head as the bytes of a file, page after page. What is appended while it is read is not part of it.
 */
export const exportLog = Effect.gen(function* () {
  const store = yield* EventStore;
  const stored = yield* StoredEvents;
  const transfer = yield* LogTransfer;
  const epoch = yield* store.epoch;
  const head = yield* store.head;
  const exportedAt = new Date(yield* Clock.currentTimeMillis);
  const writer = new LineWriter();
  const encoder = new TextEncoder();
  let receipts = 0;

  const toBytes = <A>(records: ReadonlyArray<A>, write: (record: A) => string): Uint8Array =>
    encoder.encode(records.map(write).join(""));

  const events = Stream.paginate(
    Position.make(0),
    (after) =>
      Effect.map(
        stored.after(after, Math.min(pageSize, head - after)),
        (page: ReadonlyArray<EventRecord>) => {
          const last = page.at(-1)?.position ?? after;
          if (page.length === 0 && after < head) {
            throw new Error(`The log ends at ${after}, before its head ${head}`);
          }
          const bytes = toBytes(page, (record) => writer.write({ line: "event", ...record }));
          return [[bytes], last < head ? Option.some(last) : Option.none()] as const;
        },
      ),
  );

  const receiptPages = Stream.paginate<ReceiptKey | null, Uint8Array, EventStoreError, never>(
    null,
    (after) =>
      Effect.map(transfer.receipts(after, head, pageSize), (page: ReadonlyArray<ReceiptRecord>) => {
        receipts += page.length;
        const bytes = toBytes(page, (record) => writer.write({ line: "receipt", ...record }));
        return [
          [bytes],
          page.length < pageSize ? Option.none() : Option.fromUndefinedOr(page.at(-1)),
        ] as const;
      }),
  );

  const line = (make: () => Line) =>
    Stream.fromEffect(Effect.sync(() => encoder.encode(writer.write(make()))));

  return line(() => ({
    line: "header",
    format: "tapedeck-log",
    version: formatVersion,
    epoch,
    head,
    exportedAt,
  }))
    .pipe(
      Stream.concat(events),
      Stream.concat(receiptPages),
      Stream.concat(line(() => ({ line: "trailer", events: head, receipts }))),
      Stream.filter((bytes) => bytes.length > 0),
    );
});
