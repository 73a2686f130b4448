import {
  getPostgreSQLEventStore,
  pongoSingleStreamProjection,
  rebuildPostgreSQLProjections,
} from "@event-driven-io/emmett-postgresql";
import { Effect } from "effect";
import { UploadsProjection } from "../../services/projections/UploadsProjection.ts";
import { BenchServer } from "../BenchServer.ts";
import { filled } from "../LargeLog.ts";
import { type Measure, rate } from "../Measure.ts";
import { psql } from "../Programs.ts";
import { openViews, rebuildUploads, uploadRows } from "../UploadsRebuild.ts";

/** How many events both logs have at most: Emmett's rebuild is slow. */
const most = 50_000;

interface UploadEvent {
  readonly type: string;
  readonly data: Record<string, unknown>;
  readonly metadata: Record<string, unknown>;
}

/** A document with what a row of the uploads view has. */
interface UploadDocument extends Record<string, unknown> {
  readonly _id?: string;
}

const evolve = (
  document: UploadDocument | null,
  { type, data, metadata }: UploadEvent,
): UploadDocument | null => {
  const { recordedAt, position, tenantId } = metadata;
  const touched = { ...document, updatedAt: recordedAt, position };
  switch (type) {
    case "UploadReceived": {
      const { process: _process, ...received } = data;
      const empty = { status: "received", rejection: null, media: null, createdAt: recordedAt };
      return { ...received, tenantId, ...empty, updatedAt: recordedAt, position };
    }
    case "UploadReady":
      return { ...touched, status: "ready", media: data["media"] };
    case "UploadRejected":
      return { ...touched, status: "rejected", rejection: data["reason"] };
    case "UploadDeleted":
      return { ...touched, status: "deleted" };
    default:
      return document;
  }
};

const uploads = pongoSingleStreamProjection<UploadDocument, UploadEvent>({
  collectionName: "uploads",
  canHandle: [...UploadsProjection.types],
  evolve,
});

/** The events of a log once more, as Emmett would have stored them, in the same database. */
const copied = `
  INSERT INTO emt_messages (stream_id, stream_position, message_data, message_metadata, message_schema_version, message_type,
    message_id, transaction_id)
  SELECT stream_id, version, data, jsonb_build_object('tenantId', tenant_id, 'commandId', command_id, 'recordedAt', recorded_at,
    'position', position), '1', type, event_id, pg_current_xact_id() FROM events ORDER BY position;
  ANALYZE emt_messages`;

/** A rebuild of the uploads view beside Emmett's rebuild of a document for each upload, from the same events. */
export const RebuildEmmett: Measure = {
  name: "rebuild-emmett",
  title: "rebuild of the uploads projection",
  baseline: "`rebuildPostgreSQLProjections` of Emmett, a document for each upload, same events",
  unit: "events/s",
  goal: { atLeast: 5 },
  mostRounds: 2,
  prepare: Effect.fnUntraced(function* (sizes) {
    const server = yield* BenchServer;
    const database = yield* server.createDatabase;
    yield* filled(database, Math.min(most, sizes.events));
    const context = yield* openViews(database);
    const emmett = getPostgreSQLEventStore(database.url);
    yield* Effect.promise(() => emmett.schema.migrate().then(() => emmett.close()));
    yield* psql(database, copied);
    const count = (from: string) =>
      Effect.map(psql(database, `COPY (SELECT count(*) ${from}) TO STDOUT`), Number);
    const events = yield* count(uploadRows);

    const rebuild = Effect.promise(async () => {
      const consumer = rebuildPostgreSQLProjections({
        connectionString: database.url,
        projections: [uploads],
        // Emmett pauses after every batch; by default for 50 ms.
        pulling: { batchSize: 2_048, pullingFrequencyInMs: 0 },
      });
      try {
        await consumer.start();
      } finally {
        await consumer.close();
      }
    });
    return {
      ours: rate(events, Effect.provideContext(rebuildUploads(), context)),
      baseline: Effect.gen(function* () {
        yield* psql(database, "DELETE FROM emt_processors");
        const perSecond = yield* rate(events, rebuild);
        const built = yield* count("FROM uploads WHERE data->>'status' = 'ready'");
        const expected = yield* count("FROM events WHERE type = 'UploadReady'");
        if (built !== expected) throw new Error(`Emmett built ${built} of ${expected} documents`);
        return perSecond;
      }),
    };
  }),
};
