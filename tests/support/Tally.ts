import { Schema } from "effect";
import { type Projection, rowByRow } from "../../services/projections/Projection.ts";

const Row = Schema.Struct({
  id: Schema.String,
  received: Schema.Int,
  lastNote: Schema.NullOr(Schema.String),
});

/** What was received of one upload. */
export type Tally = typeof Row.Type;

/**
 * A small view of its own: counts `UploadReceived`, forgets on `UploadDeleted`, cannot stand `UploadRejected`, and may not
 * count beyond 5.
 */
export const tallyIn = (name: string, version = 1): Projection<Tally> => ({
  name,
  version,
  row: Row,
  columns: { id: "text PRIMARY KEY", received: "integer NOT NULL CHECK (received <= 5)", lastNote: "text" },
  indexes: ["received, id"],
  types: ["UploadReceived", "UploadDeleted", "UploadRejected"],
  ...rowByRow<Tally>({
    keyOf: ({ event }) => "uploadId" in event ? event.uploadId : null,
    next: (row, { event }) => {
      if (event._tag === "UploadRejected") throw new Error("This view cannot stand a rejection");
      if (event._tag !== "UploadReceived") return null;
      return { id: event.uploadId, received: (row?.received ?? 0) + 1, lastNote: event.sessionId };
    },
  }),
});
