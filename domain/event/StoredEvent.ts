import { Schema } from "effect";
import { DomainEvent, schemaVersion } from "./DomainEvent.ts";

/** The stored form of an event: its type name, the version of its schema, and its fields as JSON. */
export interface StoredEvent {
  readonly type: string;
  readonly schemaVersion: number;
  readonly data: Readonly<Record<string, unknown>>;
}

const encode = Schema.encodeSync(DomainEvent);
const decode = Schema.decodeUnknownSync(DomainEvent);

/** The stored form of an event, in the version that is written today. */
export const toStored = (event: DomainEvent): StoredEvent => {
  const { _tag: type, ...data } = encode(event);
  return { type, schemaVersion, data };
};

/** The event of a stored form; throws for a type, a version or a shape that this program does not know. */
export const fromStored = (stored: StoredEvent): DomainEvent => {
  if (stored.schemaVersion !== schemaVersion) {
    throw new Error(`Version ${stored.schemaVersion} of ${stored.type} is not known to this program`);
  }
  return decode({ ...stored.data, _tag: stored.type });
};
