import { Schema } from "effect";
import { AnalysisEvent } from "../analysis/Analysis.ts";
import { CleanupEvent } from "../cleanup/Cleanup.ts";
import { ConversionEvent } from "../conversion/Conversion.ts";
import { UploadEvent } from "../upload/Upload.ts";

/** Every event that the log can hold, told apart by `_tag`, the stored type name. */
export const DomainEvent = Schema.Union([UploadEvent, ConversionEvent, AnalysisEvent, CleanupEvent]);
export type DomainEvent = typeof DomainEvent.Type;

/** The stored name of an event type. */
export type EventType = DomainEvent["_tag"];

/** The names of all event types. */
export const eventTypes: ReadonlyArray<EventType> = DomainEvent.members.flatMap((actor) =>
  actor.members.map(({ fields }) => fields._tag.schema.literal)
);

const names: ReadonlySet<string> = new Set(eventTypes);

/** Whether a stored name is that of an event type. */
export const isEventType = (name: string): name is EventType => names.has(name);
