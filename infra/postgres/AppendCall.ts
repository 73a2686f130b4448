import { PgClient } from "@effect/sql-pg";
import { Effect, Schema } from "effect";
import type { SqlError } from "effect/sql";
import { Position } from "../../domain/event/RecordedEvent.ts";
import { toStored } from "../../domain/event/StoredEvent.ts";
import type { Append, AppendOutcome } from "../../services/EventStore.ts";

const Row = Schema.Struct({
  number: Schema.Int,
  outcome: Schema.Literals(["Appended", "Conflict", "Duplicate", "CommandIdReused"]),
  stream_version: Schema.Int,
  log_position: Position,
  rejection: Schema.Unknown,
});
const decodeRows = Schema.decodeUnknownSync(Schema.Array(Row));

/**
 * Calls `append_events` with a batch in which no stream and no command occurs twice; answers one outcome for each append,
 * in order. `rivals` expect the same versions as appends of the batch to the same streams, or older ones; only their commands are looked up,
 * and their outcomes follow: `null` for one that may still win, because the append it competed with wrote nothing and met no other
 * version. JSON is parsed by the casts, before the function locks the head.
 */
export const callAppend = (
  sql: PgClient.PgClient,
  batch: ReadonlyArray<Append>,
  rivals: ReadonlyArray<Append> = [],
): Effect.Effect<ReadonlyArray<AppendOutcome | null>, SqlError.SqlError> => {
  const contexts = batch.map(({ context }) => context);
  const events = batch.flatMap(({ events }, index) =>
    events.map(({ eventId, event }, place) => ({
      append: index + 1,
      number: place + 1,
      eventId,
      stored: toStored(event),
    }))
  );
  return Effect.map(
    sql`SELECT number::float8, outcome, stream_version::float8, log_position::float8, rejection FROM append_events(
      ${batch.map(({ streamId }) => streamId)}::text[],
      ${batch.map(({ expectedVersion }) => expectedVersion)}::bigint[],
      ${batch.map(({ events }) => events.length)}::integer[],
      ${batch.map(({ fingerprint }) => fingerprint)}::text[],
      ${contexts.map(({ commandId }) => commandId)}::text[],
      ${contexts.map(({ tenantId }) => tenantId)}::text[],
      ${contexts.map(({ correlationId }) => correlationId)}::text[],
      ${contexts.map(({ causationId }) => causationId ?? "")}::text[],
      ${contexts.map(({ traceparent }) => traceparent ?? "")}::text[],
      ${contexts.map(({ issuedAt }) => issuedAt)}::timestamptz[],
      ${batch.map(({ rejection }) => rejection === null ? "" : JSON.stringify(rejection))}::text[],
      ${events.map(({ append }) => append)}::integer[],
      ${events.map(({ number }) => number)}::integer[],
      ${events.map(({ eventId }) => eventId)}::text[],
      ${events.map(({ stored }) => stored.type)}::text[],
      ${events.map(({ stored }) => stored.schemaVersion)}::integer[],
      ${events.map(({ stored }) => JSON.stringify(stored.data))}::text[]::jsonb[],
      ${rivals.map(({ fingerprint }) => fingerprint)}::text[],
      ${rivals.map(({ context }) => context.commandId)}::text[],
      ${rivals.map(({ context }) => context.tenantId)}::text[]
    )`,
    (rows) => {
      const outcomes = new Map(decodeRows(rows).map((row) => [row.number, toOutcome(row)]));
      const written = batch.map((_, index) => outcomes.get(index + 1) ?? null);
      const winners = new Map(batch.map(({ streamId }, index) => [streamId, written[index]]));
      return [
        ...written,
        ...rivals.map((rival, index) =>
          outcomes.get(-index - 1) ?? beatenBy(winners.get(rival.streamId), rival)
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

const toOutcome = (row: typeof Row.Type): AppendOutcome => {
  const { stream_version: version, log_position: position } = row;
  switch (row.outcome) {
    case "Appended":
      return { _tag: "Appended", version, position };
    case "Duplicate":
      return { _tag: "Duplicate", version, position, rejection: row.rejection };
    case "Conflict":
      return { _tag: "Conflict", actualVersion: version };
    case "CommandIdReused":
      return { _tag: "CommandIdReused" };
  }
};
