import type { RecordedEvent } from "../../domain/event/RecordedEvent.ts";
import type { Projection, ViewRow } from "../../services/projections/Projection.ts";

/** The rows of a view after a log, by id: what every store of views must come to. */
export const fold = <Row extends ViewRow>(
  { types, keysOf, evolve }: Projection<Row>,
  log: ReadonlyArray<RecordedEvent>,
): ReadonlyArray<Row> => {
  const rows = new Map<string, Row>();
  for (const event of log) {
    if (!types.includes(event.event._tag)) continue;
    const seen = new Map(
      keysOf(event).flatMap((key) => {
        const row = rows.get(key);
        return row === undefined ? [] : [[key, row] as const];
      }),
    );
    for (const [id, row] of evolve(seen, event)) {
      if (row === null) rows.delete(id);
      else rows.set(id, row);
    }
  }
  return [...rows.values()].toSorted((one, other) => one.id < other.id ? -1 : 1);
};
