import { Schema } from "effect";
import { Position } from "../../domain/event/RecordedEvent.ts";

const AfterPosition = Schema.optionalKey(Schema.NumberFromString.pipe(Schema.decodeTo(Position)));

/** Query of every read: wait until the views have seen this log position. */
export const afterQuery = { after: AfterPosition };

/** Headers of every read: the same wish as the query's `after`. */
export const afterHeaders = { "tapedeck-after": AfterPosition };
