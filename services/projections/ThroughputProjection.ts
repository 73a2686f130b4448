import { Schema } from "effect";
import { Position, type RecordedEvent } from "../../domain/event/RecordedEvent.ts";
import { TenantId } from "../../domain/Id.ts";
import { type Projection, rowByRow } from "./Projection.ts";

/** What one tenant did in one hour, UTC. */
export const ThroughputRow = Schema.Struct({
  id: Schema.String,
  tenantId: TenantId,
  hour: Schema.DateFromString,
  uploads: Schema.Int,
  uploadedBytes: Schema.Int,
  rejected: Schema.Int,
  conversionsCompleted: Schema.Int,
  conversionsFailed: Schema.Int,
  renderedBytes: Schema.Int,
  analysesCompleted: Schema.Int,
  analysesFailed: Schema.Int,
  position: Position,
});
export type ThroughputRow = typeof ThroughputRow.Type;

const hourOf = (time: Date): Date => new Date(Math.floor(time.getTime() / 3_600_000) * 3_600_000);

const keyOf = ({ tenantId, recordedAt }: RecordedEvent): string =>
  `${tenantId}/${hourOf(recordedAt).toISOString().slice(0, 13)}`;

const next = (row: ThroughputRow | null, recorded: RecordedEvent): ThroughputRow => {
  const { event, tenantId, recordedAt, position } = recorded;
  const before: ThroughputRow = row ?? {
    id: keyOf(recorded),
    tenantId,
    hour: hourOf(recordedAt),
    uploads: 0,
    uploadedBytes: 0,
    rejected: 0,
    conversionsCompleted: 0,
    conversionsFailed: 0,
    renderedBytes: 0,
    analysesCompleted: 0,
    analysesFailed: 0,
    position,
  };
  const hour = { ...before, position };
  switch (event._tag) {
    case "UploadReceived":
      return { ...hour, uploads: hour.uploads + 1, uploadedBytes: hour.uploadedBytes + event.sizeBytes };
    case "UploadRejected":
      return { ...hour, rejected: hour.rejected + 1 };
    case "ConversionCompleted": {
      const bytes = event.outputs.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
      return {
        ...hour,
        conversionsCompleted: hour.conversionsCompleted + 1,
        renderedBytes: hour.renderedBytes + bytes,
      };
    }
    case "ConversionFailed":
      return { ...hour, conversionsFailed: hour.conversionsFailed + 1 };
    case "AnalysisCompleted":
      return { ...hour, analysesCompleted: hour.analysesCompleted + 1 };
    case "AnalysisFailed":
      return { ...hour, analysesFailed: hour.analysesFailed + 1 };
    default:
      return before;
  }
};

/** What came in and what was made, one row for each tenant and hour in which something happened. */
export const ThroughputProjection: Projection<ThroughputRow> = {
  name: "throughput",
  version: 1,
  row: ThroughputRow,
  columns: {
    id: "text PRIMARY KEY",
    tenantId: "text NOT NULL",
    hour: "timestamptz NOT NULL",
    uploads: "bigint NOT NULL",
    uploadedBytes: "bigint NOT NULL",
    rejected: "bigint NOT NULL",
    conversionsCompleted: "bigint NOT NULL",
    conversionsFailed: "bigint NOT NULL",
    renderedBytes: "bigint NOT NULL",
    analysesCompleted: "bigint NOT NULL",
    analysesFailed: "bigint NOT NULL",
    position: "bigint NOT NULL",
  },
  indexes: ["tenant_id, hour"],
  types: [
    "UploadReceived",
    "UploadRejected",
    "ConversionCompleted",
    "ConversionFailed",
    "AnalysisCompleted",
    "AnalysisFailed",
  ],
  ...rowByRow({ keyOf, next }),
};
