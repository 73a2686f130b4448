import { Schema } from "effect";
import { ConversionEvent, FailedOutput, RenderedOutput } from "../../domain/conversion/Conversion.ts";
import type { RecordedEvent } from "../../domain/event/RecordedEvent.ts";
import { ConversionId } from "../../domain/Id.ts";
import { OutputSpec } from "../../domain/media/OutputSpec.ts";
import { finished, jobColumns, jobFields, progressed, queued, requeued, started } from "./JobRow.ts";
import { type Projection, rowByRow, typesOf } from "./Projection.ts";

/** One conversion as it is shown: what was asked for, and what there is. */
export const ConversionRow = Schema.Struct({
  id: ConversionId,
  ...jobFields,
  requested: Schema.Array(OutputSpec),
  rendered: Schema.Array(RenderedOutput),
  failed: Schema.Array(FailedOutput),
});
export type ConversionRow = typeof ConversionRow.Type;

const next = (row: ConversionRow | null, recorded: RecordedEvent): ConversionRow | null => {
  const { event } = recorded;
  if (event._tag === "ConversionRequested") {
    return {
      id: event.conversionId,
      ...queued(recorded, event),
      requested: event.outputs,
      rendered: [],
      failed: [],
    };
  }
  if (row === null) return null;
  switch (event._tag) {
    case "ConversionStarted":
      return started(row, recorded, event.attempt);
    case "ConversionProgressed":
      return progressed(row, recorded, event.progress);
    case "ConversionCompleted":
      return { ...finished(row, recorded, "completed"), rendered: event.outputs, failed: event.failed };
    case "ConversionFailed":
      return finished(row, recorded, "failed", event.reason);
    case "ConversionCancelled":
      return finished(row, recorded, "cancelled");
    case "ConversionReleased":
      return requeued(row, recorded);
    case "ConversionRetried":
      return requeued(row, recorded);
    default:
      return row;
  }
};

/** Conversions, one row each. */
export const ConversionsProjection: Projection<ConversionRow> = {
  name: "conversions",
  version: 3,
  row: ConversionRow,
  columns: {
    id: "text PRIMARY KEY",
    ...jobColumns,
    requested: "jsonb NOT NULL",
    rendered: "jsonb NOT NULL",
    failed: "jsonb NOT NULL",
  },
  indexes: ["tenant_id, upload_id, id"],
  types: typesOf(ConversionEvent),
  ...rowByRow({ keyOf: ({ event }) => "conversionId" in event ? event.conversionId : null, next }),
};
