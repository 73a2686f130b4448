import { PgClient } from "@effect/sql-pg";
import { Effect, Layer, Result, Schema } from "effect";
import { SqlError } from "effect/sql";
import { Position, RecordedEvent } from "../../domain/event/RecordedEvent.ts";
import { EventStoreError } from "../../services/EventStore.ts";
import { type EventRecord, ReceiptRecord } from "../../services/EventRecord.ts";
import { isPermanent } from "./SqlState.ts";
import {
  LogNotEmpty,
  LogTransfer,
  type OpenLog,
  type ReceiptKey,
} from "../../services/transfer/LogTransfer.ts";

const decodeReceipts = Schema.decodeUnknownSync(
  Schema.Array(Schema.Struct({ ...ReceiptRecord.fields, recordedAt: RecordedEvent.fields.recordedAt })),
);
const decodeVersions = Schema.decodeUnknownSync(
  Schema.Array(Schema.Struct({ stream_id: Schema.String, version: Schema.Int })),
);
const decodeIds = Schema.decodeUnknownSync(Schema.Array(Schema.Struct({ id: Schema.String })));
const decodeHead = Schema.decodeUnknownSync(Schema.Tuple([Schema.Struct({ position: Position })]));
const decodeEpoch = Schema.decodeUnknownSync(Schema.Tuple([Schema.Struct({ epoch: Schema.String })]));

const toStoreError = (cause: SqlError.SqlError) =>
  new EventStoreError({ reason: isPermanent(cause) ? "Rejected" : "Unavailable", cause });

const failing = <A, R>(query: Effect.Effect<A, SqlError.SqlError, R>) =>
  query.pipe(Effect.withTracerEnabled(false), Effect.uninterruptible, Effect.mapError(toStoreError));

/** Moves logs in and out of Postgres, embedded or not. */
export const layer = Layer.effect(
  LogTransfer,
  Effect.gen(function* () {
    const sql = yield* PgClient.PgClient;

    const receipts = (after: ReceiptKey | null, upTo: Position, limit: number) =>
      failing(Effect.map(
        sql`SELECT tenant_id AS "tenantId", command_id AS "commandId", fingerprint, stream_id AS "streamId",
            version::float8 AS version, command_receipts.position::float8 AS position, rejection, recorded_at AS "recordedAt"
          FROM command_receipts
          WHERE (tenant_id, command_id) > (${after?.tenantId ?? ""}, ${after?.commandId ?? ""})
            AND command_receipts.position <= ${upTo}::bigint
          ORDER BY tenant_id, command_id LIMIT ${limit}::bigint`,
        decodeReceipts,
      ));

    const log: OpenLog = {
      versions: (streamIds) =>
        failing(Effect.map(
          sql`SELECT stream_id, last.version::float8 AS version FROM unnest(${streamIds}::text[]) AS stream_id
            CROSS JOIN LATERAL (
              SELECT events.version FROM events WHERE events.stream_id = stream_id.stream_id
              ORDER BY events.version DESC LIMIT 1
            ) last`,
          (rows) => new Map(decodeVersions(rows).map(({ stream_id, version }) => [stream_id, version])),
        )),
      knownEvents: (eventIds) =>
        failing(Effect.map(
          sql`SELECT event_id AS id FROM events WHERE event_id = ANY(${eventIds}::text[])`,
          (rows) => new Set(decodeIds(rows).map(({ id }) => id)),
        )),
      knownReceipts: (keys) =>
        failing(Effect.map(
          sql`SELECT tenant_id || ' ' || command_id AS id FROM command_receipts JOIN unnest(
              ${keys.map(({ tenantId }) => tenantId)}::text[], ${
            keys.map(({ commandId }) => commandId)
          }::text[]
            ) AS keys(tenant_id, command_id) USING (tenant_id, command_id)`,
          (rows) => new Set(decodeIds(rows).map(({ id }) => id)),
        )),
      writeEvents: (events) =>
        failing(sql`
          INSERT INTO events (position, stream_id, version, event_id, type, schema_version, tenant_id, command_id,
            correlation_id, causation_id, traceparent, data, recorded_at)
          SELECT position, stream_id, version, event_id, type, schema_version, tenant_id, command_id,
            correlation_id, causation_id, traceparent, data, recorded_at
          FROM json_populate_recordset(NULL::events, ${JSON.stringify(events.map(toEventRow))}::text::json)`),
      writeReceipts: (records) =>
        failing(sql`
          INSERT INTO command_receipts (tenant_id, command_id, fingerprint, stream_id, version, position, rejection,
            recorded_at)
          SELECT tenant_id, command_id, fingerprint, stream_id, version, position, rejection, recorded_at
          FROM json_populate_recordset(NULL::command_receipts, ${
          JSON.stringify(records.map(toReceiptRow))
        }::text::json)`),
      close: (head) =>
        failing(Effect.map(
          sql`UPDATE log_head SET position = ${head}::bigint, epoch = gen_random_uuid() RETURNING epoch::text`,
          (rows) => decodeEpoch(rows)[0].epoch,
        )),
    };

    const fill = <A, E, R>(
      fill: (log: OpenLog) => Effect.Effect<A, E, R>,
      { keep }: { readonly keep: boolean },
    ): Effect.Effect<A, E | LogNotEmpty | EventStoreError, R> =>
      Effect.gen(function* () {
        const head = yield* failing(
          Effect.map(sql`SELECT position::float8 FROM log_head FOR UPDATE`, (rows) =>
            decodeHead(rows)[0].position),
        );
        if (head > 0) {
          return yield* new LogNotEmpty({ head });
        }
        const filled = yield* fill(log);
        // Failing is how a transaction is taken back.
        return keep ? filled : yield* Effect.fail(new TakenBack(filled));
      }).pipe(
        sql.withTransaction,
        Effect.result,
        Effect.flatMap((result) => {
          if (Result.isSuccess(result)) {
            return Effect.succeed(result.success);
          }
          const { failure } = result;
          if (failure instanceof TakenBack) {
            return Effect.succeed(failure.filled);
          }
          return Effect.fail(SqlError.isSqlError(failure) ? toStoreError(failure) : failure);
        }),
      );

    return LogTransfer.of({ receipts, fill });
  }),
);

/** Carries a result out of a transaction that is not to be kept. */
class TakenBack<A> {
  constructor(readonly filled: A) {}
}

const toEventRow = (event: EventRecord) => ({
  position: event.position,
  stream_id: event.streamId,
  version: event.version,
  event_id: event.eventId,
  type: event.type,
  schema_version: event.schemaVersion,
  tenant_id: event.tenantId,
  command_id: event.commandId,
  correlation_id: event.correlationId,
  causation_id: event.causationId,
  traceparent: event.traceparent,
  data: event.data,
  recorded_at: event.recordedAt,
});

const toReceiptRow = (receipt: ReceiptRecord) => ({
  tenant_id: receipt.tenantId,
  command_id: receipt.commandId,
  fingerprint: receipt.fingerprint,
  stream_id: receipt.streamId,
  version: receipt.version,
  position: receipt.position,
  rejection: receipt.rejection,
  recorded_at: receipt.recordedAt,
});
