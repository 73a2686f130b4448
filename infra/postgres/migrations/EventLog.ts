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

  // A batch must not hold one stream or one command twice. Empty strings in the nullable columns stand for NULL (the client
  // cannot tell the type of an array of nulls). The head is locked first, in a statement of its own, so that
  // the snapshot of the next statement sees every earlier append.
  yield* sql`
    CREATE FUNCTION append_events(
      stream_ids text[], expected_versions bigint[], fingerprints text[], command_ids text[], tenant_ids text[],
      correlation_ids text[], causation_ids text[], traceparents text[], issued_ats text[], rejections text[],
      event_appends bigint[], event_ids text[], event_types text[], event_schema_versions bigint[], event_data text[]
    ) RETURNS TABLE (outcome text, stream_version bigint, log_position bigint, rejection jsonb)
    LANGUAGE plpgsql AS $$
    DECLARE
      head bigint;
    BEGIN
      SELECT log_head.position INTO STRICT head FROM log_head FOR UPDATE;
      RETURN QUERY
      WITH appends AS (
        SELECT * FROM unnest(stream_ids, expected_versions, fingerprints, command_ids, tenant_ids, correlation_ids,
          causation_ids, traceparents, issued_ats, rejections) WITH ORDINALITY
          AS t(stream_id, expected, fingerprint, command_id, tenant_id, correlation_id, causation_id, traceparent,
            issued_at, rejection, ordinal)
      ), checked AS (
        SELECT appends.*, coalesce(stream.version, 0) AS actual, receipt.version AS first_version,
          receipt.position AS first_position, receipt.rejection AS first_rejection,
          CASE
            WHEN receipt.fingerprint = appends.fingerprint THEN 'Duplicate'
            WHEN receipt.fingerprint IS NOT NULL THEN 'CommandIdReused'
            WHEN coalesce(stream.version, 0) <> appends.expected THEN 'Conflict'
            ELSE 'Appended'
          END AS verdict
        FROM appends
        LEFT JOIN command_receipts receipt
          ON receipt.tenant_id = appends.tenant_id AND receipt.command_id = appends.command_id
        LEFT JOIN LATERAL (
          SELECT events.version FROM events WHERE events.stream_id = appends.stream_id
          ORDER BY events.version DESC LIMIT 1
        ) stream ON true
      ), numbered AS (
        SELECT head + row_number() OVER (ORDER BY checked.ordinal, event.ordinal) AS position,
          checked.expected + row_number() OVER (PARTITION BY checked.ordinal ORDER BY event.ordinal) AS version,
          checked.ordinal AS append, checked.stream_id, checked.tenant_id, checked.command_id,
          checked.correlation_id, nullif(checked.causation_id, '') AS causation_id, nullif(checked.traceparent, '') AS traceparent,
          checked.issued_at, event.event_id, event.type, event.schema_version, event.data
        FROM checked
        JOIN unnest(event_appends, event_ids, event_types, event_schema_versions, event_data) WITH ORDINALITY
          AS event(append, event_id, type, schema_version, data, ordinal) ON event.append = checked.ordinal
        WHERE checked.verdict = 'Appended'
      ), inserted AS (
        INSERT INTO events (position, stream_id, version, event_id, type, schema_version, tenant_id, command_id,
          correlation_id, causation_id, traceparent, data, recorded_at)
        SELECT numbered.position, numbered.stream_id, numbered.version, numbered.event_id, numbered.type,
          numbered.schema_version::integer, numbered.tenant_id, numbered.command_id, numbered.correlation_id,
          numbered.causation_id, numbered.traceparent, numbered.data::jsonb, numbered.issued_at::timestamptz
        FROM numbered
      ), reached AS (
        SELECT checked.ordinal, checked.expected + count(numbered.position) AS version,
          coalesce(max(numbered.position), head) AS position
        FROM checked LEFT JOIN numbered ON numbered.append = checked.ordinal
        GROUP BY checked.ordinal, checked.expected
      ), receipts AS (
        INSERT INTO command_receipts (tenant_id, command_id, fingerprint, stream_id, version, position, rejection,
          recorded_at)
        SELECT checked.tenant_id, checked.command_id, checked.fingerprint, checked.stream_id, reached.version,
          reached.position, nullif(checked.rejection, '')::jsonb, checked.issued_at::timestamptz
        FROM checked JOIN reached USING (ordinal) WHERE checked.verdict = 'Appended'
      ), moved AS (
        UPDATE log_head SET position = (SELECT max(numbered.position) FROM numbered)
        WHERE EXISTS (SELECT FROM numbered)
      )
      SELECT checked.verdict,
        CASE checked.verdict
          WHEN 'Appended' THEN reached.version
          WHEN 'Duplicate' THEN checked.first_version
          ELSE checked.actual
        END,
        CASE checked.verdict WHEN 'Duplicate' THEN checked.first_position ELSE reached.position END,
        checked.first_rejection
      FROM checked JOIN reached USING (ordinal) ORDER BY checked.ordinal;
    END $$`;
});
