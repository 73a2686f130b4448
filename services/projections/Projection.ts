import type { Schema } from "effect";
import type { EventType } from "../../domain/event/DomainEvent.ts";
import type { RecordedEvent } from "../../domain/event/RecordedEvent.ts";

/** A row of a view. */
export interface ViewRow {
  readonly id: string;
}

/** Rows by their ids; `null` for one that goes. */
export type RowChanges<Row> = ReadonlyMap<string, Row | null>;

/**
 * A view of the log: rows folded from events. Everything about it can be thrown away and built again from the first event.
 * Each version has a table of its own: raising `version` builds the view anew beside the old one.
 */
export interface Projection<Row extends ViewRow> {
  readonly name: string;
  readonly version: number;
  readonly row: Schema.Codec<Row, object>;
  /** The SQL type, with constraints, of each column; columns are the row's fields in snake case. */
  readonly columns: { readonly [Field in keyof Row]: string };
  /** What the view is searched by: lists of SQL index expressions. */
  readonly indexes: ReadonlyArray<string>;
  /** The events that the view looks at. */
  readonly types: ReadonlyArray<EventType>;
  /** The ids of the rows that `evolve` is given for an event, as far as there are such rows. */
  readonly keysOf: (event: RecordedEvent) => ReadonlyArray<string>;
  /** What an event of one of the `types` changes. */
  readonly evolve: (rows: ReadonlyMap<string, Row>, event: RecordedEvent) => RowChanges<Row>;
}

/** A projection by its name and version: what its table, its checkpoints and its parked events are kept under. */
export type ProjectionName = Pick<Projection<ViewRow>, "name" | "version">;

/** How a view folds whose events change one row each: which row, and the row after the event. */
export interface RowFold<Row extends ViewRow> {
  /** The id of the row that an event changes. */
  readonly keyOf: (event: RecordedEvent) => string | null;
  /** The row after an event; `null` before the first and after the last. */
  readonly next: (row: Row | null, event: RecordedEvent) => Row | null;
}

/** The fold of a view whose events change one row each. */
export const rowByRow = <Row extends ViewRow>(
  { keyOf, next }: RowFold<Row>,
): Pick<Projection<Row>, "keysOf" | "evolve"> => ({
  keysOf: (event) => {
    const key = keyOf(event);
    return key === null ? [] : [key];
  },
  evolve: (rows, event) => {
    const key = keyOf(event);
    return new Map(key === null ? [] : [[key, next(rows.get(key) ?? null, event)]]);
  },
});

interface Actor {
  readonly members: ReadonlyArray<{
    readonly fields: { readonly _tag: { readonly schema: { readonly literal: EventType } } };
  }>;
}

/** The types of an actor's events, from their schema. */
export const typesOf = ({ members }: Actor): ReadonlyArray<EventType> =>
  members.map(({ fields }) => fields._tag.schema.literal);
