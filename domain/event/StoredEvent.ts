import { Result, Schema } from "effect";
import { DomainEvent, isEventType } from "./DomainEvent.ts";
import { currentVersion, lift } from "./EventVersions.ts";
import { Position } from "./RecordedEvent.ts";
import type { StoredData } from "./Upcaster.ts";

/** The stored form of an event: its type name, the version of its schema, and its fields as JSON. */
export interface StoredEvent {
  readonly type: string;
  readonly schemaVersion: number;
  readonly data: StoredData;
}

/** A stored event that this program cannot read. */
export class StoredEventError extends Schema.TaggedError<StoredEventError>()("StoredEventError", {
  reason: Schema.Literals([
    /** There is no such type, or not yet: a newer program may have written it. */
    "UnknownType",
    /** The type is known, but not in this version. */
    "UnknownVersion",
    /** Its fields are not those of its type and version. */
    "Invalid",
  ]),
  type: Schema.String,
  schemaVersion: Schema.Number,
  /** Its place in the log; `null` when it was not read from there. */
  position: Schema.NullOr(Position),
  /** What is wrong, for people. */
  detail: Schema.String,
}) {
  override get message(): string {
    const place = this.position === null ? "" : ` at position ${this.position}`;
    return `${this.reason}, ${this.type} version ${this.schemaVersion}${place}: ${this.detail}`;
  }
}

const encode = Schema.encodeSync(DomainEvent);

/** Decoders by type name: an error then speaks of that type only, and none of the others is tried. */
const decoders = new Map(
  DomainEvent.members.flatMap((actor) => {
    const members: ReadonlyArray<Schema.Codec<DomainEvent, unknown> & Tagged> = actor.members;
    return members.map((member) =>
      [member.fields._tag.schema.literal, Schema.decodeUnknownResult(member)] as const
    );
  }),
);

interface Tagged {
  readonly fields: { readonly _tag: { readonly schema: { readonly literal: string } } };
}

/** The stored form of an event, in the version that is written today. */
export const toStored = (event: DomainEvent): StoredEvent => {
  const { _tag: type, ...data } = encode(event);
  return { type, schemaVersion: currentVersion(type), data };
};

/**
 * The event of a stored form, lifted to today's version of its type. `position` is where the log has it. Throws a
 * `StoredEventError` for what this program cannot read.
 */
export const fromStored = (stored: StoredEvent, position: Position | null = null): DomainEvent => {
  const { type, schemaVersion, data } = stored;
  const refuse = (reason: StoredEventError["reason"], detail: string) =>
    new StoredEventError({ reason, type, schemaVersion, position, detail });
  const decode = decoders.get(type);
  if (!isEventType(type) || decode === undefined) {
    throw refuse("UnknownType", "no event type of this program has this name");
  }
  const current = currentVersion(type);
  if (!Number.isInteger(schemaVersion) || schemaVersion < 1 || schemaVersion > current) {
    throw refuse("UnknownVersion", `this program knows the versions 1 to ${current}`);
  }
  const lifted = schemaVersion === current ? data : lift(type, schemaVersion, data);
  const decoded = decode({ ...lifted, _tag: type });
  if (Result.isFailure(decoded)) throw refuse("Invalid", decoded.failure.message);
  return decoded.success;
};
