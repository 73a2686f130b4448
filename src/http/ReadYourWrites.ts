import { Effect } from "effect";
import type { Position } from "../../domain/event/RecordedEvent.ts";
import type { Views, ViewsError } from "../../services/views/Views.ts";

/** Waits until the views have seen the position that a read asks for in its query or headers, if it asks. */
export const caughtUp = (
  views: Views["Service"],
  query: { readonly after?: Position },
  headers: { readonly "tapedeck-after"?: Position },
): Effect.Effect<void, ViewsError> => {
  const position = query.after ?? headers["tapedeck-after"];
  return position === undefined ? Effect.void : views.awaitPosition(position);
};
