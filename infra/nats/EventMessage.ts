import { type MsgHdrs, MsgHdrsImpl } from "@nats-io/transport-node";
import { Schema } from "effect";
import type { EventType } from "../../domain/event/DomainEvent.ts";
import { EventRecord, type RawEvent } from "../../services/EventRecord.ts";

/** The header with the event's position in the log. */
export const positionHeader = "Tapedeck-Position";

/** The header with the name of the replay that a message belongs to. */
export const replayHeader = "Tapedeck-Replay";

const decodeBody = Schema.decodeUnknownSync(Schema.fromJsonString(EventRecord));

/** The name of the actor whose events are of this type, as subjects have it. */
const actorOf = (type: string): string => (/^[A-Z][a-z]+/.exec(type)?.[0] ?? type).toLowerCase();

/** One token of a subject: dots, wildcards and whatever else has a meaning there are written as hex. */
const token = (text: string): string =>
  text.replace(/[^A-Za-z0-9_-]/g, (sign) => `%${sign.charCodeAt(0).toString(16).padStart(2, "0")}`);

/** `<actor>.<type>.<tenant>.<id>` of an event; the subjects of streams are prefixes to it. */
export const subjectOf = ({ type, tenantId, streamId }: EventRecord | RawEvent): string =>
  [actorOf(type), type, tenantId, streamId.slice(streamId.indexOf("/") + 1)].map(token).join(".");

/** The narrowest subject that covers all events of these types, below a prefix. A server before 2.10 takes no more than one. */
export const subjectCovering = (types: ReadonlyArray<EventType>): string => {
  const [type] = types;
  if (type === undefined) return ">";
  if (types.length === 1) return `${actorOf(type)}.${type}.>`;
  return types.every((other) => actorOf(other) === actorOf(type)) ? `${actorOf(type)}.>` : ">";
};

/** The body of the message that carries an event: the event as it is stored. */
export const bodyOf = (record: EventRecord): string => JSON.stringify(record);

/** As `bodyOf`, of an event whose data nobody has looked at. */
export const rawBodyOf = ({ data, ...rest }: RawEvent): string =>
  `${JSON.stringify(rest).slice(0, -1)},"data":${data}}`;

/** The headers of the message that carries an event; `traceparent` is the span that sends it. */
export const headersOf = (
  { position }: EventRecord | RawEvent,
  traceparent: string | null,
  others: Readonly<Record<string, string>>,
): MsgHdrs => {
  const sent = new MsgHdrsImpl();
  // Past `append`, which looks each name up in its canonical form and costs more than all else that is done for a message.
  const add = (name: string, value: string) => sent.headers.set(name, [value]);
  add(positionHeader, String(position));
  if (traceparent !== null) add("traceparent", traceparent);
  for (const name in others) add(name, others[name] ?? "");
  return sent;
};

/** The trace context in the headers of a message. */
export const traceparentOf = (received: MsgHdrs | undefined): string | null =>
  received?.get("traceparent") || null;

/** The event that a message carries, as it is stored; throws for what is no event. */
export const recordOf = (body: string): EventRecord => decodeBody(body);
