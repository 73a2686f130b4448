import type { Schema } from "effect";
import type { RecordedEvent } from "../../domain/event/RecordedEvent.ts";

/** A row of a view. */
export interface ViewRow {
  readonly id: string;
}

/**
 * A view of the log: rows folded from events. Everything about it can be thrown away and built again from the first event;
 * raising `version` does that.
 */
export interface Projection<Row extends ViewRow> {
  readonly name: string;
  readonly version: number;
  readonly row: Schema.Codec<Row, object>;
  /** The SQL type, with constraints, of each column; columns are the row's fields in snake case. */
  readonly columns: { readonly [Field in keyof Row]: string };
  /** What the view is searched by: lists of SQL index expressions. */
  readonly indexes: ReadonlyArray<string>;
  /** The id of the row that an event changes; `null` for an event that this view does not look at. */
  readonly keyOf: (event: RecordedEvent) => string | null;
  /** The row after an event; `null` before the first and after the last. */
  readonly evolve: (row: Row | null, event: RecordedEvent) => Row | null;
}
