import { PgClient } from "@effect/sql-pg";
import { assert, layer } from "@effect/vitest";
import { Effect, Layer, Redacted } from "effect";
import { TestClock } from "effect/testing";
import { createHash, randomBytes } from "node:crypto";
import * as PgApiKeys from "../../../infra/postgres/PgApiKeys.ts";
import { ApiKeys } from "../../../services/ApiKeys.ts";
import { postgres } from "../../support/Databases.ts";
import { newTenant } from "../../support/Fixtures.ts";

const newKey = () => Redacted.make(`td_${randomBytes(16).toString("hex")}`);

const sha256Of = (key: Redacted.Redacted) => createHash("sha256").update(Redacted.value(key)).digest("hex");

const revoke = Effect.fnUntraced(function* (key: Redacted.Redacted) {
  const sql = yield* PgClient.PgClient;
  yield* sql`UPDATE api_keys SET revoked_at = now() WHERE sha256 = ${sha256Of(key)}`;
});

const keysOnPostgres = Layer.provideMerge(PgApiKeys.layer, postgres);

layer(keysOnPostgres, { excludeTestServices: true })("The API keys in Postgres", (it) => {
  it.effect("authenticate a registered key to its own tenant and scopes", () =>
    Effect.gen(function* () {
      const keys = yield* ApiKeys;
      const [mine, theirs] = [newKey(), newKey()];
      const [me, them] = [newTenant(), newTenant()];
      yield* keys.register(mine, { tenantId: me, scopes: ["uploads:write", "uploads:read"] });
      yield* keys.register(theirs, { tenantId: them, scopes: [] });
      const [first, second] = [yield* keys.authenticate(mine), yield* keys.authenticate(theirs)];
      assert.deepInclude(first, { tenantId: me, scopes: ["uploads:write", "uploads:read"] });
      assert.deepInclude(second, { tenantId: them, scopes: [] });
      assert.notStrictEqual(first?.keyId, second?.keyId);
    }));

  it.effect("know no other key, and take one as soon as it is registered", () =>
    Effect.gen(function* () {
      const keys = yield* ApiKeys;
      const key = newKey();
      const tenantId = newTenant();
      assert.isNull(yield* keys.authenticate(key));
      assert.isNull(yield* keys.authenticate(Redacted.make("")));
      yield* keys.register(key, { tenantId, scopes: [] });
      assert.deepInclude(yield* keys.authenticate(key), { tenantId });
      assert.isNull(yield* keys.authenticate(Redacted.make(sha256Of(key))));
    }));

  it.effect("store a key's SHA-256 and never the key", () =>
    Effect.gen(function* () {
      const keys = yield* ApiKeys;
      const sql = yield* PgClient.PgClient;
      const key = newKey();
      yield* keys.register(key, { tenantId: newTenant(), scopes: ["*"] });
      const table = JSON.stringify(yield* sql`SELECT api_keys::text AS row FROM api_keys`);
      assert.include(table, sha256Of(key));
      assert.notInclude(table, Redacted.value(key));
    }));

  it.effect("keep what a key was first registered for", () =>
    Effect.gen(function* () {
      const keys = yield* ApiKeys;
      const sql = yield* PgClient.PgClient;
      const key = newKey();
      const tenantId = newTenant();
      yield* keys.register(key, { tenantId, scopes: ["first"] });
      yield* keys.register(key, { tenantId: newTenant(), scopes: ["second"] });
      assert.deepInclude(yield* keys.authenticate(key), { tenantId, scopes: ["first"] });
      const rows = yield* sql`SELECT tenant_id FROM api_keys WHERE sha256 = ${sha256Of(key)}`;
      assert.deepStrictEqual(rows, [{ tenant_id: tenantId }]);
    }));

  it.effect("refuse a revoked key at once when it was not seen before, even if it is registered again", () =>
    Effect.gen(function* () {
      const keys = yield* ApiKeys;
      const key = newKey();
      const grant = { tenantId: newTenant(), scopes: [] };
      yield* keys.register(key, grant);
      yield* revoke(key);
      assert.isNull(yield* keys.authenticate(key));
      yield* keys.register(key, grant);
      assert.isNull(yield* keys.authenticate(key));
    }));

  it.effect("refuse a revoked key that was seen after five seconds", () =>
    Effect.gen(function* () {
      const keys = yield* ApiKeys;
      const key = newKey();
      yield* keys.register(key, { tenantId: newTenant(), scopes: [] });
      assert.isNotNull(yield* keys.authenticate(key));
      yield* revoke(key);
      yield* TestClock.adjust("4 seconds");
      assert.isNotNull(yield* keys.authenticate(key));
      yield* TestClock.adjust("1 second");
      assert.isNull(yield* keys.authenticate(key));
    }).pipe(Effect.provide(TestClock.layer())));
});
