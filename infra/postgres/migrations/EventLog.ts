import { Effect } from "effect";
import { SqlClient } from "effect/sql";

/**
 * The log: one row an event with dense positions, one head row that serialises writers, one receipt for each command, and
 * the function that appends.
 */
export const eventLog = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient;

  yield* sql`
    CREATE TABLE events (
      position bigint PRIMARY KEY,
      stream_id text NOT NULL,
      version bigint NOT NULL,
      event_id text NOT NULL UNIQUE,
      type text NOT NULL,
      schema_version integer NOT NULL,
      tenant_id text NOT NULL,
      command_id text NOT NULL,
      correlation_id text NOT NULL,
      causation_id text,
      traceparent text,
      data jsonb NOT NULL,
      recorded_at timestamptz NOT NULL,
      UNIQUE (stream_id, version)
    )`;

  // The epoch names this history: it changes on restore, so that checkpoints of another history are recognised.
  yield* sql`
    CREATE TABLE log_head (
      only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
      position bigint NOT NULL,
      epoch uuid NOT NULL
    )`;
  yield* sql`INSERT INTO log_head (position, epoch) VALUES (0, gen_random_uuid())`;

  yield* sql`
    CREATE TABLE command_receipts (
      tenant_id text NOT NULL,
      command_id text NOT NULL,
      fingerprint text NOT NULL,
      stream_id text NOT NULL,
      version bigint NOT NULL,
      position bigint NOT NULL,
      rejection jsonb,
      recorded_at timestamptz NOT NULL,
      PRIMARY KEY (tenant_id, command_id)
    )`;

  // `append_batch` has taken its place; processes of earlier versions call it, during an upgrade or after a rollback.
  //
  // A batch must not hold one command twice, nor one stream. Rivals are commands of further appends, which are not written: for
  // each that is known, a row tells so, under its number from -1 downwards. Empty strings in the nullable columns stand for NULL (the client
  // cannot tell the type of an array of nulls). The head is locked first, in a statement of its own, so that the snapshot of
  // the next statement sees every earlier append. The plan is made once, when statistics may still say that the tables are
  // empty: it must look rows up by index all the same.
  yield* sql`
    CREATE FUNCTION append_events(
      stream_ids text[], expected_versions bigint[], event_counts integer[], fingerprints text[], command_ids text[],
      tenant_ids text[], correlation_ids text[], causation_ids text[], traceparents text[], issued_ats timestamptz[],
      rejections text[], event_appends integer[], event_numbers integer[], event_ids text[], event_types text[],
      event_schema_versions integer[], event_data jsonb[], rival_fingerprints text[], rival_command_ids text[],
      rival_tenant_ids text[]
    ) RETURNS TABLE (number bigint, outcome text, stream_version bigint, log_position bigint, rejection jsonb)
    LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET jit = off AS $$
    DECLARE
      head bigint;
    BEGIN
      SELECT log_head.position INTO STRICT head FROM log_head WHERE only_row FOR UPDATE;
      RETURN QUERY
      WITH checked AS (
        SELECT appends.*, coalesce(stream.version, 0) AS actual, receipt.version AS first_version,
          receipt.position AS first_position, receipt.rejection AS first_rejection,
          CASE
            WHEN receipt.fingerprint = appends.fingerprint THEN 'Duplicate'
            WHEN receipt.fingerprint IS NOT NULL THEN 'CommandIdReused'
            WHEN coalesce(stream.version, 0) <> appends.expected THEN 'Conflict'
            ELSE 'Appended'
          END AS verdict
        FROM unnest(stream_ids, expected_versions, event_counts, fingerprints, command_ids, tenant_ids, correlation_ids,
          causation_ids, traceparents, issued_ats, rejections) WITH ORDINALITY
          AS appends(stream_id, expected, count, fingerprint, command_id, tenant_id, correlation_id, causation_id,
            traceparent, issued_at, rejection, ordinal)
        LEFT JOIN LATERAL (
          SELECT * FROM command_receipts known
          WHERE known.tenant_id = appends.tenant_id AND known.command_id = appends.command_id LIMIT 1
        ) receipt ON true
        LEFT JOIN LATERAL (
          SELECT events.version FROM events WHERE events.stream_id = appends.stream_id
          ORDER BY events.version DESC LIMIT 1
        ) stream ON true
      ), placed AS (
        SELECT checked.*,
          head + sum(CASE checked.verdict WHEN 'Appended' THEN checked.count ELSE 0 END) OVER (ORDER BY checked.ordinal) AS last
        FROM checked
      ), inserted AS (
        INSERT INTO events (position, stream_id, version, event_id, type, schema_version, tenant_id, command_id,
          correlation_id, causation_id, traceparent, data, recorded_at)
        SELECT placed.last - placed.count + event.number, placed.stream_id, placed.expected + event.number,
          event.event_id, event.type, event.schema_version, placed.tenant_id, placed.command_id, placed.correlation_id,
          nullif(placed.causation_id, ''), nullif(placed.traceparent, ''), event.data, placed.issued_at
        FROM placed
        JOIN unnest(event_appends, event_numbers, event_ids, event_types, event_schema_versions, event_data)
          AS event(append, number, event_id, type, schema_version, data) ON event.append = placed.ordinal
        WHERE placed.verdict = 'Appended'
      ), receipts AS (
        INSERT INTO command_receipts (tenant_id, command_id, fingerprint, stream_id, version, position, rejection,
          recorded_at)
        SELECT placed.tenant_id, placed.command_id, placed.fingerprint, placed.stream_id, placed.expected + placed.count,
          CASE placed.count WHEN 0 THEN head ELSE placed.last END, nullif(placed.rejection, '')::jsonb, placed.issued_at
        FROM placed WHERE placed.verdict = 'Appended'
      ), moved AS (
        UPDATE log_head SET position = (SELECT max(placed.last) FROM placed)
        WHERE only_row AND head < (SELECT max(placed.last) FROM placed)
      )
      SELECT placed.ordinal, placed.verdict,
        CASE placed.verdict
          WHEN 'Appended' THEN placed.expected + placed.count
          WHEN 'Duplicate' THEN placed.first_version
          ELSE placed.actual
        END,
        CASE
          WHEN placed.verdict = 'Duplicate' THEN placed.first_position
          WHEN placed.count = 0 THEN head
          ELSE placed.last
        END,
        placed.first_rejection
      FROM placed
      UNION ALL
      SELECT -rivals.ordinal, CASE known.fingerprint WHEN rivals.fingerprint THEN 'Duplicate' ELSE 'CommandIdReused' END,
        known.version, known.position, known.rejection
      FROM unnest(rival_fingerprints, rival_command_ids, rival_tenant_ids) WITH ORDINALITY
        AS rivals(fingerprint, command_id, tenant_id, ordinal)
      CROSS JOIN LATERAL (
        SELECT * FROM command_receipts
        WHERE command_receipts.tenant_id = rivals.tenant_id AND command_receipts.command_id = rivals.command_id LIMIT 1
      ) known;
    END $$`;
});
