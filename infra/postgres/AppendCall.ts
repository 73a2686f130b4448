import { PgClient } from "@effect/sql-pg";
import { Effect, Schema } from "effect";
import type { SqlError } from "effect/sql";
import { Position } from "../../domain/event/RecordedEvent.ts";
import { toStored } from "../../domain/event/StoredEvent.ts";
import type { Append, AppendOutcome } from "../../services/EventStore.ts";

const Head = Schema.Struct({ number: Schema.Literal(0), log_position: Position });

/** An append that was not written, or a rival that is known. */
const Refusal = Schema.Struct({
  number: Schema.Int,
  outcome: Schema.Literals(["Conflict", "Duplicate", "CommandIdReused"]),
  stream_version: Schema.Int,
  log_position: Position,
  rejection: Schema.Unknown,
});

const decodeRows = Schema.decodeUnknownSync(Schema.TupleWithRest(Schema.Tuple([Head]), [Refusal]));

/**
 * Calls `append_batch` with a batch in which no stream and no command occurs twice; answers one outcome for each append,
 * in order. `rivals` expect the same versions as appends of the batch to the same streams, or older ones; only their commands are looked up,
 * and their outcomes follow: `null` for one that may still win, because the append it competed with wrote nothing and met no other
 * version. The JSON of events is parsed by the casts, before the function locks the head.
 */
export const callAppend = (
  sql: PgClient.PgClient,
  batch: ReadonlyArray<Append>,
  rivals: ReadonlyArray<Append> = [],
): Effect.Effect<ReadonlyArray<AppendOutcome | null>, SqlError.SqlError> => {
  const contexts = batch.map(({ context }) => context);
  const events = batch.flatMap(({ events }, index) =>
    events.map(({ eventId, event }) => ({ append: index + 1, eventId, stored: toStored(event) }))
  );
  let placed = 0;
  const ends = batch.map(({ events }) => placed += events.length);
  return Effect.map(
    sql`SELECT number::float8, outcome, stream_version::float8, log_position::float8, rejection FROM append_batch(
      ${batch.map(({ streamId }) => streamId)}::text[],
      ${batch.map(({ expectedVersion }) => expectedVersion)}::bigint[],
      ${batch.map(({ expectedVersion, events }) => expectedVersion + events.length)}::bigint[],
      ${ends}::integer[],
      ${batch.map(({ fingerprint }) => fingerprint)}::text[],
      ${contexts.map(({ commandId }) => commandId)}::text[],
      ${contexts.map(({ tenantId }) => tenantId)}::text[],
      ${contexts.map(({ correlationId }) => correlationId)}::text[],
      ${contexts.map(({ causationId }) => causationId ?? "")}::text[],
      ${contexts.map(({ traceparent }) => traceparent ?? "")}::text[],
      ${contexts.map(({ issuedAt }) => issuedAt)}::timestamptz[],
      ${batch.map(({ rejection }) => rejection === null ? "" : JSON.stringify(rejection))}::text[],
      ${events.map(({ append }) => append)}::integer[],
      ${events.map(({ eventId }) => eventId)}::text[],
      ${events.map(({ stored }) => stored.type)}::text[],
      ${events.map(({ stored }) => stored.schemaVersion)}::integer[],
      ${events.map(({ stored }) => JSON.stringify(stored.data))}::text[]::jsonb[],
      ${rivals.map(({ fingerprint }) => fingerprint)}::text[],
      ${rivals.map(({ context }) => context.commandId)}::text[],
      ${rivals.map(({ context }) => context.tenantId)}::text[]
    )`,
    (rows) => {
      const [head, ...refusals] = decodeRows(rows);
      const refused = new Map(refusals.map((row) => [row.number, toOutcome(row)]));
      let last = head.log_position;
      const written = batch.map(({ expectedVersion, events }, index): AppendOutcome => {
        const refusal = refused.get(index + 1);
        if (refusal !== undefined) return refusal;
        last = Position.make(last + events.length);
        return { _tag: "Appended", version: expectedVersion + events.length, position: last };
      });
      const winners = new Map(batch.map(({ streamId }, index) => [streamId, written[index]]));
      return [
        ...written,
        ...rivals.map((rival, index) =>
          refused.get(-index - 1) ?? beatenBy(winners.get(rival.streamId), rival)
        ),
      ];
    },
  );
};

/** The outcome of a rival of an append with this outcome, which expected the same version or a newer one. */
const beatenBy = (
  winner: AppendOutcome | null | undefined,
  { expectedVersion }: Append,
): AppendOutcome | null => {
  switch (winner?._tag) {
    case "Appended":
      return { _tag: "Conflict", actualVersion: winner.version };
    case "Conflict":
      return winner.actualVersion === expectedVersion ? null : winner;
    default:
      return null;
  }
};

const toOutcome = (row: typeof Refusal.Type): AppendOutcome => {
  const { stream_version: version, log_position: position } = row;
  switch (row.outcome) {
    case "Duplicate":
      return { _tag: "Duplicate", version, position, rejection: row.rejection };
    case "Conflict":
      return { _tag: "Conflict", actualVersion: version };
    case "CommandIdReused":
      return { _tag: "CommandIdReused" };
  }
};
