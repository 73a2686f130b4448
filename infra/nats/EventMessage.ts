import { headers, type MsgHdrs } from "@nats-io/transport-node";
import { Schema } from "effect";
import type { EventType } from "../../domain/event/DomainEvent.ts";
import { RecordedEvent } from "../../domain/event/RecordedEvent.ts";
import { fromStored, toStored } from "../../domain/event/StoredEvent.ts";

/** The header with the event's position in the log. */
export const positionHeader = "Tapedeck-Position";

/** The header with the name of the replay that a message belongs to. */
export const replayHeader = "Tapedeck-Replay";

const { event: _, recordedAt: _recordedAt, schemaVersion, ...fields } = RecordedEvent.fields;

/** The body of a message. The event is in the version that the sender writes; `storedVersion` is the one in the log. */
const Body = Schema.fromJsonString(Schema.Struct({
  ...fields,
  type: Schema.String,
  schemaVersion,
  storedVersion: schemaVersion,
  data: Schema.Record(Schema.String, Schema.Unknown),
  recordedAt: Schema.DateFromString,
}));

const decodeBody = Schema.decodeUnknownSync(Body);

/** The name of the actor whose events are of this type, as subjects have it. */
const actorOf = (type: EventType): string => (/^[A-Z][a-z]+/.exec(type)?.[0] ?? type).toLowerCase();

/** One token of a subject: dots, wildcards and whatever else has a meaning there are written as hex. */
const token = (text: string): string =>
  text.replace(/[^A-Za-z0-9_-]/g, (sign) => `%${sign.charCodeAt(0).toString(16).padStart(2, "0")}`);

/** `<actor>.<type>.<tenant>.<id>` of an event; the subjects of streams are prefixes to it. */
export const subjectOf = ({ event, tenantId, streamId }: RecordedEvent): string =>
  [actorOf(event._tag), event._tag, tenantId, streamId.slice(streamId.indexOf("/") + 1)].map(token).join(".");

/** The narrowest subject that covers all events of these types, below a prefix. A server before 2.10 takes no more than one. */
export const subjectCovering = (types: ReadonlyArray<EventType>): string => {
  const [type] = types;
  if (type === undefined) return ">";
  if (types.length === 1) return `${actorOf(type)}.${type}.>`;
  return types.every((other) => actorOf(other) === actorOf(type)) ? `${actorOf(type)}.>` : ">";
};

/** The body of the message that carries an event. */
export const bodyOf = ({ event, schemaVersion: storedVersion, ...rest }: RecordedEvent): string =>
  JSON.stringify({ ...rest, storedVersion, ...toStored(event) });

/** The headers of the message that carries an event; `traceparent` is the span that sends it. */
export const headersOf = (recorded: RecordedEvent, traceparent: string | null): MsgHdrs => {
  const sent = headers();
  sent.set(positionHeader, String(recorded.position));
  if (traceparent !== null) sent.set("traceparent", traceparent);
  return sent;
};

/** The trace context in the headers of a message. */
export const traceparentOf = (received: MsgHdrs | undefined): string | null =>
  received?.get("traceparent") || null;

/** The event that a message carries; throws for one that this program cannot read. */
export const eventOf = (body: string): RecordedEvent => {
  const { type, data, schemaVersion, storedVersion, ...rest } = decodeBody(body);
  return {
    ...rest,
    schemaVersion: storedVersion,
    event: fromStored({ type, schemaVersion, data }, rest.position),
  };
};
