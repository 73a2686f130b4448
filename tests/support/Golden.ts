import { Schema } from "effect";
import { readFileSync } from "node:fs";
import { DomainEvent, type EventType, schemaVersion } from "../../domain/event/DomainEvent.ts";

/** Where the golden files lie: for each event type and version one event as the log has stored it, never edited. */
export const goldenDirectory = new URL("../golden/", import.meta.url);

const decode = Schema.decodeUnknownSync(DomainEvent);

const isOf = <T extends EventType>(event: DomainEvent, type: T): event is Extract<DomainEvent, { _tag: T }> =>
  event._tag === type;

/** The stored `data` of a type's golden file in today's version: the event without its `_tag`. */
export const goldenData = (type: EventType): object =>
  JSON.parse(readFileSync(new URL(`${type}.v${schemaVersion}.json`, goldenDirectory), "utf8"));

/** The event of a type's golden file. Events of one actor have the same id, so they make up histories. */
export const golden = <T extends EventType>(type: T): Extract<DomainEvent, { _tag: T }> => {
  const event = decode({ _tag: type, ...goldenData(type) });
  if (!isOf(event, type)) throw new Error(`${type} was decoded as ${event._tag}`);
  return event;
};
