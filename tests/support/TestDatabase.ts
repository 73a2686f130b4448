import { PgClient } from "@effect/sql-pg";
import { Context, Effect, Layer, Redacted } from "effect";
import { randomBytes } from "node:crypto";
import { inject } from "vitest";

declare module "vitest" {
  export interface ProvidedContext {
    /** The URL of a Postgres server on which the tests may create databases. */
    readonly postgresUrl: string;
  }
}

/** A fresh, empty database, dropped at the end of the scope that built it. */
export class TestDatabase extends Context.Service<TestDatabase, {
  readonly url: Redacted.Redacted;
}>()("tapedeck/tests/support/TestDatabase") {
  /** Creates a database on the test run's Postgres server. */
  static readonly layer = Layer.effect(
    TestDatabase,
    Effect.gen(function* () {
      const serverUrl = inject("postgresUrl");
      const admin = yield* PgClient.PgClient;
      const name = `tapedeck_test_${randomBytes(6).toString("hex")}`;
      yield* Effect.acquireRelease(
        admin`create database ${admin(name)}`,
        // A test that failed may have left connections behind.
        () => Effect.orDie(admin`drop database ${admin(name)} with (force)`),
      );
      const url = new URL(serverUrl);
      url.pathname = `/${name}`;
      return { url: Redacted.make(url.href) };
    }),
  ).pipe(
    Layer.provide(
      Layer.suspend(() => PgClient.layer({ url: Redacted.make(inject("postgresUrl")), maxConnections: 1 })),
    ),
    Layer.orDie,
  );

  /**
   * As `layer`, but a commit does not wait for the disk, for tests that commit thousands of times. Only a crash of the server
   * could tell the difference.
   */
  static readonly unflushed = Layer.effect(
    TestDatabase,
    Effect.gen(function* () {
      const database = yield* TestDatabase;
      const name = new URL(Redacted.value(database.url)).pathname.slice(1);
      yield* PgClient.PgClient.use((sql) => sql`alter database ${sql(name)} set synchronous_commit = off`)
        .pipe(
          Effect.provide(PgClient.layer({ ...database, maxConnections: 1 })),
        );
      return database;
    }),
  ).pipe(Layer.provide(TestDatabase.layer), Layer.orDie);
}
