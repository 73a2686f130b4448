import { Effect } from "effect";
import { SqlClient } from "effect/sql";

/**
 * The function that appends a batch to the log. The first row of its answer has the number 0 and the head that the batch was put
 * behind. A further row stands for each append that was refused, under its place from 1; all others are written, in order. Rivals are
 * commands of further appends, which are not written: for each that is known, a row tells so, under its place from -1 downwards.
 *
 * A batch must not hold one command twice, nor one stream. Its events stand one after another, in the order of their appends;
 * `event_appends` says to which each belongs, `event_ends` how many there are up to the last of an append. Empty strings in the
 * nullable columns stand for NULL (the client cannot tell the type of an array of nulls).
 *
 * Most appends are new commands that met no other writer, so the batch is written without a look at its commands, nor at
 * streams that should not exist: their keys refuse what is there already. Then the batch is looked at, and written without what is
 * refused. A key that refuses it again is that of an event, which is the caller's to hear of.
 *
 * The head is moved first, in a statement of its own, which locks it: the snapshots of those after it see every earlier append. It
 * must not move in the inner block: a row that is locked outside and updated inside costs a multixact each time. Plans are made
 * once, when statistics may still say that the tables are empty: they must look rows up by index all the same.
 */
export const appendBatch = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient;

  yield* sql`
    CREATE FUNCTION append_batch(
      stream_ids text[], expected_versions bigint[], new_versions bigint[], event_ends integer[], fingerprints text[],
      command_ids text[], tenant_ids text[], correlation_ids text[], causation_ids text[], traceparents text[],
      issued_ats timestamptz[], rejections text[], event_appends integer[], event_ids text[], event_types text[],
      event_schema_versions integer[], event_data jsonb[], rival_fingerprints text[], rival_command_ids text[],
      rival_tenant_ids text[]
    ) RETURNS TABLE (number bigint, outcome text, stream_version bigint, log_position bigint, rejection jsonb)
    LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS $$
    DECLARE
      head bigint;
      written bigint;
      look boolean;
      refused bigint[] := '{}';
      -- For each append, how many events of those up to it are refused.
      gaps bigint[] := array_fill(0, ARRAY[cardinality(stream_ids)]);
    BEGIN
      UPDATE log_head SET position = position + cardinality(event_ids) WHERE only_row
      RETURNING position - cardinality(event_ids) INTO STRICT head;
      number := 0;
      log_position := head;
      RETURN NEXT;

      look := EXISTS (
        SELECT FROM generate_subscripts(stream_ids, 1) AS a
        WHERE (expected_versions[a] > 0 OR new_versions[a] = expected_versions[a])
          AND expected_versions[a] <> coalesce((
            SELECT events.version FROM events WHERE events.stream_id = stream_ids[a] ORDER BY events.version DESC LIMIT 1
          ), 0)
      );
      LOOP
        IF look THEN
          FOR number, outcome, stream_version, log_position, rejection IN
            SELECT a,
              CASE known.fingerprint = fingerprints[a]
                WHEN true THEN 'Duplicate' WHEN false THEN 'CommandIdReused' ELSE 'Conflict'
              END,
              coalesce(known.version, stream.version, 0), coalesce(known.position, head), known.rejection
            FROM generate_subscripts(stream_ids, 1) AS a
            LEFT JOIN LATERAL (
              SELECT * FROM command_receipts
              WHERE command_receipts.tenant_id = tenant_ids[a] AND command_receipts.command_id = command_ids[a] LIMIT 1
            ) known ON true
            LEFT JOIN LATERAL (
              SELECT events.version FROM events WHERE events.stream_id = stream_ids[a] ORDER BY events.version DESC LIMIT 1
            ) stream ON true
            WHERE known.fingerprint IS NOT NULL OR expected_versions[a] <> coalesce(stream.version, 0)
          LOOP
            refused := refused || number;
            RETURN NEXT;
          END LOOP;
          gaps := ARRAY(
            SELECT sum(CASE WHEN a = ANY (refused) THEN new_versions[a] - expected_versions[a] ELSE 0 END) OVER (ORDER BY a)
            FROM generate_subscripts(stream_ids, 1) AS a ORDER BY a
          );
        END IF;

        BEGIN
          INSERT INTO events (position, stream_id, version, event_id, type, schema_version, tenant_id, command_id,
            correlation_id, causation_id, traceparent, data, recorded_at)
          SELECT head + e - gaps[a], stream_ids[a], new_versions[a] - event_ends[a] + e, event_ids[e], event_types[e],
            event_schema_versions[e], tenant_ids[a], command_ids[a], correlation_ids[a], nullif(causation_ids[a], ''),
            nullif(traceparents[a], ''), event_data[e], issued_ats[a]
          FROM (SELECT e, event_appends[e] AS a FROM generate_subscripts(event_appends, 1) AS e) AS placed
          WHERE a <> ALL (refused);
          GET DIAGNOSTICS written = ROW_COUNT;

          INSERT INTO command_receipts (tenant_id, command_id, fingerprint, stream_id, version, position, rejection,
            recorded_at)
          SELECT tenant_ids[a], command_ids[a], fingerprints[a], stream_ids[a], new_versions[a],
            head + event_ends[a] - gaps[a], nullif(rejections[a], '')::jsonb, issued_ats[a]
          FROM generate_subscripts(stream_ids, 1) AS a
          WHERE a <> ALL (refused);
          EXIT;
        EXCEPTION WHEN unique_violation THEN
          IF look THEN RAISE; END IF;
          look := true;
        END;
      END LOOP;
      IF written < cardinality(event_ids) THEN
        UPDATE log_head SET position = head + written WHERE only_row;
      END IF;

      IF cardinality(rival_command_ids) > 0 THEN
        RETURN QUERY
        SELECT -r::bigint, CASE known.fingerprint WHEN rival_fingerprints[r] THEN 'Duplicate' ELSE 'CommandIdReused' END,
          known.version, known.position, known.rejection
        FROM generate_subscripts(rival_command_ids, 1) AS r
        CROSS JOIN LATERAL (
          SELECT * FROM command_receipts
          WHERE command_receipts.tenant_id = rival_tenant_ids[r] AND command_receipts.command_id = rival_command_ids[r]
          LIMIT 1
        ) known;
      END IF;
    END $$`;
});
