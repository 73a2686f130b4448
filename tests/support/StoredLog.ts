import { PgClient } from "@effect/sql-pg";
import { Effect, type Layer, Schema } from "effect";

const Row = Schema.Struct({
  position: Schema.Int,
  stream_id: Schema.String,
  version: Schema.Int,
  type: Schema.String,
  traceparent: Schema.NullOr(Schema.String),
  data: Schema.Record(Schema.String, Schema.Unknown),
});

/** An event as its row has it. */
export type StoredRow = typeof Row.Type;

/** The whole log, read past the event store, from a database that nobody is writing to. Fails unless its head is its end. */
export const readLog = <E>(database: Layer.Layer<PgClient.PgClient, E>): Promise<ReadonlyArray<StoredRow>> =>
  Effect.gen(function* () {
    const sql = yield* PgClient.PgClient;
    const rows = yield* sql`
      SELECT position::float8, stream_id, version::float8, type, traceparent, data FROM events ORDER BY events.position`;
    const [head] = yield* sql`SELECT position::float8 FROM log_head`;
    const log = yield* Schema.decodeUnknownEffect(Schema.Array(Row))(rows);
    if (head?.["position"] !== (log.at(-1)?.position ?? 0)) {
      throw new Error(`The head of the log is ${head?.["position"]}, its end ${log.at(-1)?.position}`);
    }
    return log;
  }).pipe(Effect.provide(database), Effect.runPromise);
