import { readFileSync } from "node:fs";
import type { DomainEvent, EventType } from "../../domain/event/DomainEvent.ts";
import { currentVersion } from "../../domain/event/EventVersions.ts";
import { fromStored } from "../../domain/event/StoredEvent.ts";

/** Where the golden files lie: for each event type and version one event as the log has stored it, never edited. */
export const goldenDirectory = new URL("../golden/", import.meta.url);

const isOf = <T extends EventType>(event: DomainEvent, type: T): event is Extract<DomainEvent, { _tag: T }> =>
  event._tag === type;

/** The stored `data` of a type's golden file, in today's version unless another is given. */
export const goldenData = (type: EventType, version = currentVersion(type)): Record<string, unknown> =>
  JSON.parse(readFileSync(new URL(`${type}.v${version}.json`, goldenDirectory), "utf8"));

/**
 * The event of a type's golden file, in today's version unless another is given. Events of one actor have the same id, so they
 * make up histories.
 */
export const golden = <T extends EventType>(
  type: T,
  version = currentVersion(type),
): Extract<DomainEvent, { _tag: T }> => {
  const event = fromStored({ type, schemaVersion: version, data: goldenData(type, version) });
  if (!isOf(event, type)) throw new Error(`${type} was decoded as ${event._tag}`);
  return event;
};
