/** Whatever happens to the NATS server, every upload that was accepted is finished, once. */
import { NodeServices } from "@effect/platform-node";
import { PgClient } from "@effect/sql-pg";
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest";
import { Effect, Layer, ManagedRuntime, Redacted } from "effect";
import * as Database from "../../../infra/postgres/Database.ts";
import {
  endAll,
  eventually,
  type RunningService,
  settled,
  startService,
} from "../../support/RunningService.ts";
import { type ScratchNats, startScratchNats } from "../../support/ScratchNats.ts";
import { readLog } from "../../support/StoredLog.ts";
import { TestDatabase } from "../../support/TestDatabase.ts";
import { assertTold, assertWhole } from "../recovery/Checking.ts";
import { accept, long, short } from "../recovery/Uploading.ts";
import { assertStreamIs, forgetStream, lastMessage, onServer } from "./StreamContents.ts";

const database = ManagedRuntime.make(TestDatabase.layer);

describe("a service on Postgres and NATS", () => {
  let nats: ScratchNats;
  let service: RunningService;
  let url: Redacted.Redacted;

  beforeAll(async () => {
    ({ url } = await database.runPromise(TestDatabase.use(Effect.succeed)));
    nats = await startScratchNats();
    service = await startService({ DATABASE_URL: Redacted.value(url), NATS_URL: nats.url });
  });
  afterAll(async () => {
    await endAll();
    await nats.stop();
    await database.dispose();
  });

  const rows = () => readLog(Database.layer(url).pipe(Layer.provide(NodeServices.layer)));
  const readiness = async () => (await (await fetch(`${service.url}/readyz`)).json()).parts;

  it("finishes an upload, and shows the bus and the relay", async () => {
    const { id } = await accept(service, short, "AnalysisCompleted");
    await assertWhole(service, id, short);
    const { bus, relay } = await readiness();
    assert.deepStrictEqual([bus, relay], [{ ok: true }, { ok: true }]);
  });

  it("finishes what it was at when the server was killed, after it is back", async () => {
    const { id } = await accept(service, long, "ConversionProgressed");
    const { id: next } = await accept(service, short, "UploadReceived");
    await nats.kill();
    assert.isFalse((await readiness()).bus.ok);
    const { id: during } = await accept(service, short, "UploadReceived");
    await nats.start();
    await assertWholeAll([[during, short], [next, short], [id, long]]);
  });

  it("finishes what was accepted before and after the server lost all its data", async () => {
    const { id: before } = await accept(service, long, "ConversionStarted");
    await nats.kill();
    const { id: during } = await accept(service, short, "UploadReceived");
    await nats.wipe();
    await nats.start();
    const { id: after } = await accept(service, short, "UploadReceived");
    await assertWholeAll([[during, short], [after, short], [before, long]]);
  });

  it("makes the stream again when somebody else has written into it", async () => {
    const { subject, body } = await lastMessage(nats.url);
    const times = () => Promise.resolve(service.output().split("it is made anew").length);
    const before = await times();
    await onServer(nats.url, (_, publish) => publish(subject, body));
    await eventually(times, (now) => now > before);
    const { id } = await accept(service, short, "AnalysisCompleted");
    await assertWhole(service, id, short);
  });

  it("does nothing twice when everything is delivered again", async () => {
    await Effect.runPromise(
      Effect.gen(function* () {
        const sql = yield* PgClient.PgClient;
        yield* sql`UPDATE consumers SET position = 0`;
      }).pipe(Effect.provide(Database.layer(url).pipe(Layer.provide(NodeServices.layer)))),
    );
    await forgetStream(nats.url);
    const { id } = await accept(service, short, "AnalysisCompleted");
    await assertWhole(service, id, short);
  });

  it("has told every story once, and the stream tells them all", async () => {
    await assertStreamIs(nats.url, await rows());
    await service.end("SIGINT");
    const log = await rows();
    assertTold(log);
  });

  const assertWholeAll = async (uploads: ReadonlyArray<readonly [string, typeof short]>) => {
    for (const [id] of uploads) await settled(service, id);
    for (const [id, source] of uploads) await assertWhole(service, id, source);
  };
});
