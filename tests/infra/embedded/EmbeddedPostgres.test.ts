import { NodeServices } from "@effect/platform-node";
import { PgClient } from "@effect/sql-pg";
import { assert, describe, it } from "@effect/vitest";
import { Deferred, Effect, Fiber, Layer } from "effect";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as EmbeddedPostgres from "../../../infra/embedded/EmbeddedPostgres.ts";
import { embedded } from "../../support/Databases.ts";

const parent = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "tapedeck-embedded-"))),
  (path) => Effect.promise(() => rm(path, { recursive: true })),
);

const open = (directory: string) =>
  EmbeddedPostgres.layer({ directory }).pipe(Layer.provide(NodeServices.layer));

describe("the embedded database", () => {
  it.live("is made again when its creation was cut short", () =>
    Effect.gen(function* () {
      const directory = join(yield* parent, "postgres");
      yield* Effect.promise(async () => {
        // As a process leaves it that is killed just before the last files are copied.
        await writeFile(`${directory}.unfinished`, "");
        await mkdir(directory);
        await writeFile(join(directory, "PG_VERSION"), "18\n");
      });
      yield* PgClient.PgClient.use((sql) => sql`SELECT position FROM log_head`).pipe(
        Effect.provide(open(directory)),
      );
      const left = yield* Effect.promise(() => readdir(join(directory, "..")));
      assert.deepStrictEqual(left, ["postgres"]);
    }));

  it.live("answers other queries when one has been interrupted", () =>
    Effect.gen(function* () {
      const sql = yield* PgClient.PgClient;
      const slow = sql`SELECT count(*) FROM generate_series(1, 1000000)`;
      const queries = Array.from({ length: 8 }, () => sql`SELECT 1`);
      const results = yield* Effect.all([Effect.timeoutOption(slow, "50 millis"), ...queries], {
        concurrency: "unbounded",
      });
      assert.strictEqual(results.length, 9);
    }).pipe(Effect.provide(embedded)));

  it.live("rolls back a transaction that is interrupted in a statement, and goes on", () =>
    Effect.gen(function* () {
      const sql = yield* PgClient.PgClient;
      yield* sql`CREATE TABLE kept (value integer)`;
      const inserted = yield* Deferred.make<void>();
      const half = sql`INSERT INTO kept VALUES (1)`.pipe(
        Effect.andThen(Deferred.succeed(inserted, undefined)),
        Effect.andThen(sql`SELECT count(*) FROM generate_series(1, 5000000)`),
      );
      const running = yield* Effect.forkChild(sql.withTransaction(half));
      yield* Deferred.await(inserted);
      yield* Fiber.interrupt(running);
      yield* sql.withTransaction(sql`INSERT INTO kept VALUES (2)`);
      assert.deepStrictEqual(yield* sql`SELECT value FROM kept`, [{ value: 2 }]);
    }).pipe(Effect.provide(embedded)));
});
