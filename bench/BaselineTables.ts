/** The log's two tables as a program without a design would have them: the same columns and indexes, positions from a sequence. */
export const baselineTables = `
  CREATE TABLE events (
    position bigserial PRIMARY KEY, stream_id text NOT NULL, version bigint NOT NULL, event_id text NOT NULL UNIQUE,
    type text NOT NULL, schema_version integer NOT NULL, tenant_id text NOT NULL, command_id text NOT NULL,
    correlation_id text NOT NULL, causation_id text, traceparent text, data jsonb NOT NULL,
    recorded_at timestamptz NOT NULL, UNIQUE (stream_id, version));
  CREATE TABLE command_receipts (
    tenant_id text NOT NULL, command_id text NOT NULL, fingerprint text NOT NULL, stream_id text NOT NULL,
    version bigint NOT NULL, position bigint NOT NULL, rejection jsonb, recorded_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, command_id));`;

/** A number that no two transactions of a run share; it grows with time, as ids of UUIDv7 do. */
const id = `\\set n :n + 1
\\set id (:run * 1000000 + :n) * 1000 + :client_id
`;

const columns =
  `stream_id, version, event_id, type, schema_version, tenant_id, command_id, correlation_id, causation_id,
    traceparent, data, recorded_at`;

const digits = (number: string) => `lpad((${number})::text, 26, '0')`;

const row = (id: string, version: string, data: string) =>
  `'acme/upl_' || ${digits(id)}, ${version}, 'evt_' || ${
    digits(`${id}::bigint * 100 + ${version}`)
  }, 'UploadReceived', 1,
    'acme', 'cmd_' || ${digits(id)}, 'cmd_' || ${digits(id)}, NULL, NULL, ${data}::jsonb, now()`;

const insertOne = `INSERT INTO events (${columns}) VALUES (${row(":id", "1", ":data")})`;

/** A pgbench script that inserts one event of a new stream; `:data` is its JSON. */
export const oneEvent = `${id}${insertOne};`;

/** The same with the command's receipt, still by one statement. */
export const oneEventAndReceipt = `${id}WITH event AS (${insertOne} RETURNING *)
  INSERT INTO command_receipts SELECT tenant_id, command_id, repeat('0', 64), stream_id, version, position, NULL, recorded_at
  FROM event;`;

/**
 * A pgbench script that inserts a hundred events of a new stream by one statement. The rows are made on the server: pgbench takes
 * too few parameters to send each of them.
 */
export const hundredEvents = `${id}INSERT INTO events (${columns})
  SELECT ${row("given.id", "number", "given.data")}
  FROM (SELECT :id::bigint AS id, :data::text AS data) given, generate_series(1, 100) number;`;
