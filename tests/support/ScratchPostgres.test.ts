import { PgClient } from "@effect/sql-pg";
import { assert, layer } from "@effect/vitest";
import { Effect, Layer, Redacted } from "effect";
import { TestDatabase } from "./TestDatabase.ts";

const client = Layer.unwrap(TestDatabase.use(({ url }) => Effect.succeed(PgClient.layer({ url }))));

layer(client.pipe(Layer.provide(TestDatabase.layer)))("the scratch server", (it) => {
  it.effect("answers a query in a fresh database", () =>
    Effect.gen(function* () {
      const sql = yield* PgClient.PgClient;
      const [row] = yield* sql`
        select current_database() as name, (select count(*)::int from pg_tables where schemaname = 'public') as tables`;
      assert.match(String(row?.["name"]), /^tapedeck_test_[0-9a-f]{12}$/);
      assert.strictEqual(row?.["tables"], 0);
    }));

  it.effect("drops a database at the end of its scope", () =>
    Effect.gen(function* () {
      const sql = yield* PgClient.PgClient;
      const exists = (url: Redacted.Redacted) => {
        const name = new URL(Redacted.value(url)).pathname.slice(1);
        return Effect.map(sql`select 1 from pg_database where datname = ${name}`, (rows) => rows.length > 0);
      };
      const url = yield* Effect.gen(function* () {
        const database = yield* TestDatabase;
        assert.isTrue(yield* exists(database.url));
        return database.url;
      }).pipe(Effect.provide(TestDatabase.layer, { local: true }));
      assert.isFalse(yield* exists(url));
    }));
});
