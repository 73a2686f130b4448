/** A service whose database is taken back to an earlier state goes on from there, as a history of its own. */
import { NodeServices } from "@effect/platform-node";
import { PgClient } from "@effect/sql-pg";
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest";
import { Effect, Layer, ManagedRuntime, Redacted } from "effect";
import { inject } from "vitest";
import * as Database from "../../../infra/postgres/Database.ts";
import { endAll, eventually, type Json, startService } from "../../support/RunningService.ts";
import { type ScratchNats, startScratchNats } from "../../support/ScratchNats.ts";
import { readLog } from "../../support/StoredLog.ts";
import { TestDatabase } from "../../support/TestDatabase.ts";
import { assertFinished, assertTold } from "../recovery/Checking.ts";
import { accept, short } from "../recovery/Uploading.ts";
import { assertStreamIs } from "./StreamContents.ts";

const database = ManagedRuntime.make(TestDatabase.layer);

describe("a service that is restored from a backup of its database", () => {
  let nats: ScratchNats;
  let url: Redacted.Redacted;

  beforeAll(async () => {
    ({ url } = await database.runPromise(TestDatabase.use(Effect.succeed)));
    nats = await startScratchNats();
  });
  afterAll(async () => {
    await endAll();
    await nats.stop();
    await on(Redacted.make(inject("postgresUrl")), (sql) => sql`DROP DATABASE IF EXISTS ${sql(backup())}`);
    await database.dispose();
  });

  const name = () => new URL(Redacted.value(url)).pathname.slice(1);
  const backup = () => `${name()}_backup`;
  const on = (where: Redacted.Redacted, work: (sql: PgClient.PgClient) => Effect.Effect<unknown, unknown>) =>
    Effect.runPromise(
      PgClient.PgClient.use(work).pipe(Effect.provide(PgClient.layer({ url: where, maxConnections: 1 }))),
    );
  const copy = (from: string, to: string) =>
    on(Redacted.make(inject("postgresUrl")), (sql) =>
      Effect.andThen(
        sql`DROP DATABASE IF EXISTS ${sql(to)} WITH (FORCE)`,
        sql`CREATE DATABASE ${sql(to)} TEMPLATE ${sql(from)}`,
      ));
  it("shows what the backup has, and finishes what comes then, over a stream of the new history", async () => {
    let service = await startService({ DATABASE_URL: Redacted.value(url), NATS_URL: nats.url });
    const { id: kept } = await accept(service, short, "AnalysisCompleted");
    await assertFinished(service, kept);
    await service.end("SIGINT");
    await copy(name(), backup());

    service = await service.restart();
    const { id: lost } = await accept(service, short, "AnalysisCompleted");
    await assertFinished(service, lost);
    await service.end("SIGINT");

    await copy(backup(), name());
    await on(url, (sql) => sql`UPDATE log_head SET epoch = gen_random_uuid()`);
    service = await service.restart();
    await eventually(() => Promise.resolve(service.output()), (output) => output.includes("made anew"));
    await assertFinished(service, kept);
    assert.strictEqual((await service.call(`/uploads/${lost}`)).status, 404);
    const { id: next } = await accept(service, short, "AnalysisCompleted");
    await assertFinished(service, next);
    const { items } = await service.json("/uploads");
    assert.deepStrictEqual(items.map(({ id }: Json) => id), [next, kept]);

    const rows = await readLog(Database.layer(url).pipe(Layer.provide(NodeServices.layer)));
    await assertStreamIs(nats.url, rows);
    assertTold(rows);
    await service.end("SIGINT");
  });
});
