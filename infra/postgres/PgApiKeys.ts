import { PgClient } from "@effect/sql-pg";
import { Cache, Effect, Exit, Layer, Redacted, Schema } from "effect";
import { createHash } from "node:crypto";
import { ApiKeyId, TenantId } from "../../domain/Id.ts";
import { ApiKeys, ApiKeysError, type Caller } from "../../services/ApiKeys.ts";
import { nextId } from "../../services/Ids.ts";

const decodeCallers = Schema.decodeUnknownSync(Schema.Array(Schema.Struct({
  key_id: ApiKeyId,
  tenant_id: TenantId,
  scopes: Schema.Array(Schema.String),
})));

const hash = (key: Redacted.Redacted): string =>
  createHash("sha256").update(Redacted.value(key)).digest("hex");

/** API keys in Postgres. A key that was found valid is trusted for a few seconds more. */
export const layer = Layer.effect(
  ApiKeys,
  Effect.gen(function* () {
    const sql = yield* PgClient.PgClient;
    const quietly = <A, E>(query: Effect.Effect<A, E>) =>
      query.pipe(
        Effect.uninterruptible,
        Effect.withTracerEnabled(false),
        Effect.mapError((cause) => new ApiKeysError({ reason: "Unavailable", cause })),
      );

    const callers = yield* Cache.makeWith(
      (sha256: string): Effect.Effect<Caller | null, ApiKeysError> =>
        quietly(Effect.map(
          sql`SELECT key_id, tenant_id, scopes FROM api_keys WHERE sha256 = ${sha256} AND revoked_at IS NULL`,
          (rows) => {
            const [found] = decodeCallers(rows);
            return found ? { keyId: found.key_id, tenantId: found.tenant_id, scopes: found.scopes } : null;
          },
        )),
      {
        capacity: 10_000,
        timeToLive: (exit) => Exit.isSuccess(exit) && exit.value !== null ? "5 seconds" : 0,
      },
    );

    return ApiKeys.of({
      authenticate: (key) => Cache.get(callers, hash(key)),
      register: (key, { tenantId, scopes }) =>
        Effect.flatMap(nextId("key"), (id) =>
          quietly(sql`
            INSERT INTO api_keys (key_id, sha256, tenant_id, scopes)
            VALUES (${id}, ${hash(key)}, ${tenantId}, ${scopes}::text[]) ON CONFLICT (sha256) DO NOTHING`)),
    });
  }),
);
