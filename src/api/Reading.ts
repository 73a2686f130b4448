import { Schema } from "effect";
import { Position } from "../../domain/event/RecordedEvent.ts";

/** A log position in text. */
export const PositionText = Schema.NumberFromString.pipe(Schema.decodeTo(Position));

/** How many items a page of a list has. */
export const PageSize = Schema.NumberFromString.check(
  Schema.isInt(),
  Schema.isBetween({ minimum: 1, maximum: 200 }),
);

const AfterPosition = Schema.optionalKey(PositionText);

/** Query of every read: wait until the views have seen this log position. */
export const afterQuery = { after: AfterPosition };

/** Headers of every read: the same wish as the query's `after`. */
export const afterHeaders = { "tapedeck-after": AfterPosition };
