import { Effect } from "effect";
import type { Position } from "../../domain/event/RecordedEvent.ts";
import type { EventStore, EventStoreError } from "../../services/EventStore.ts";
import type { ViewsError } from "../../services/views/Views.ts";

/** Views that can be waited for. */
interface Awaited {
  readonly awaitPosition: (position: Position) => Effect.Effect<void, ViewsError>;
}

/** Waits until the views have seen the position that a read asks for in its query or headers, if it asks. */
export const caughtUp = (
  views: Awaited,
  query: { readonly after?: Position },
  headers: { readonly "tapedeck-after"?: Position },
): Effect.Effect<void, ViewsError> => {
  const position = query.after ?? headers["tapedeck-after"];
  return position === undefined ? Effect.void : views.awaitPosition(position);
};

/**
 * Reads one row; when it is not there, looks once more after the views have seen the whole log. So whoever holds an id finds what it
 * names, however fresh it is.
 */
export const orFresh = <Row>(
  read: Effect.Effect<Row | null, ViewsError>,
  views: Awaited,
  store: EventStore["Service"],
): Effect.Effect<Row | null, ViewsError | EventStoreError> =>
  Effect.flatMap(
    read,
    (row) =>
      row !== null
        ? Effect.succeed(row)
        : store.head.pipe(Effect.flatMap(views.awaitPosition), Effect.andThen(read)),
  );
