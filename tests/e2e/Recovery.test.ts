/**
 * A service that is killed at any moment, or stopped, resumes when it is started again: every upload that it has accepted is
 * finished, once.
 */
import { NodeServices } from "@effect/platform-node";
import { afterAll, assert, beforeAll, describe, it, layer } from "@effect/vitest";
import { Effect, Layer, Redacted } from "effect";
import { join } from "node:path";
import * as EmbeddedPostgres from "../../infra/embedded/EmbeddedPostgres.ts";
import * as Database from "../../infra/postgres/Database.ts";
import { filesBelow } from "../support/Files.ts";
import { endAll, eventually, type RunningService, startService } from "../support/RunningService.ts";
import { randomNumbers } from "../support/Random.ts";
import { readLog } from "../support/StoredLog.ts";
import { TestDatabase } from "../support/TestDatabase.ts";
import { assertTidy, assertTold, assertWhole } from "./recovery/Checking.ts";
import { crash, mediaProcesses } from "./recovery/Crash.ts";
import { accept, long, recorded, sendHalf, short, sleep } from "./recovery/Uploading.ts";

afterAll(endAll);

describe("a service that is killed and started again", () => {
  let service: RunningService;
  beforeAll(async () => {
    service = await startService({ TAPEDECK_WORKER_CONCURRENCY: "2" });
  });

  for (
    const [moment, type] of [
      ["right after it was accepted", "UploadReceived"],
      ["when it has just been found ready", "UploadReady"],
      ["when its conversion has just been completed", "ConversionCompleted"],
    ] as const
  ) {
    it(`finishes an upload that was interrupted ${moment}`, async () => {
      const { id } = await accept(service, short, type);
      service = await crash(service);
      await assertWhole(service, id, short);
    });
  }

  it("finishes an upload that was interrupted in the middle of its render, and then of its analysis", async () => {
    const { id } = await accept(service, long, "ConversionProgressed");
    service = await crash(service);
    await recorded(service, "AnalysisProgressed", 0);
    service = await crash(service);
    await assertWhole(service, id, long);
  });

  it("finishes an upload that was interrupted at three random moments", async () => {
    const random = randomNumbers(20_261);
    const { id } = await accept(service, long, "UploadReceived");
    for (let moment = 0; moment < 3; moment++) {
      await sleep(moment * 800 * random());
      service = await crash(service);
    }
    await assertWhole(service, id, long);
  });

  for (
    const [moment, type, interrupted] of [
      ["in the middle of its render", "ConversionProgressed", "UploadDeleted"],
      ["after its conversion", "AnalysisCompleted", "CleanupStarted"],
    ] as const
  ) {
    it(`removes every object of an upload that was deleted ${moment}, whatever interrupts it`, async () => {
      const { id } = await accept(service, moment === "after its conversion" ? short : long, type);
      const { userId, conversions: [conversion] } = await service.json(`/uploads/${id}`);
      const deleted = recorded(service, interrupted);
      await service.json(`/uploads/${id}`, { method: "DELETE" });
      await deleted;
      service = await crash(service);
      await eventually(
        () => filesBelow(join(service.dataDirectory, "blobs/default", userId, "audio", id)),
        (files) => files.length === 0,
      );
      await eventually(
        () => service.json(`/conversions/${conversion.id}`),
        ({ status }) => status === "completed" || status === "cancelled",
      );
      await assertTidy(service);
    });
  }

  it("keeps nothing of uploads that were interrupted in their bodies", async () => {
    const { items } = await service.json("/uploads?limit=200");
    const files = await filesBelow(join(service.dataDirectory, "blobs"));
    const sending = [sendHalf(service, false), sendHalf(service, true)];
    for (const partial of ["blobs/.tmp", "work"]) {
      await eventually(() => filesBelow(join(service.dataDirectory, partial)), ({ length }) => length === 1);
    }
    service = await crash(service);
    await Promise.all(sending);
    await assertTidy(service);
    assert.deepStrictEqual(await filesBelow(join(service.dataDirectory, "blobs")), files);
    assert.deepStrictEqual((await service.json("/uploads?limit=200")).items, items);
  });

  it("gives the jobs that are running back when it is stopped", async () => {
    const analysing = recorded(service, "AnalysisStarted");
    const { id } = await accept(service, long, "ConversionStarted");
    await analysing;
    const { userId } = await service.json(`/uploads/${id}`);
    assert.strictEqual(await service.end("SIGINT"), 130);
    assert.include(service.output(), '"message":"ConversionReleased"');
    assert.include(service.output(), '"message":"AnalysisReleased"');
    assert.deepStrictEqual(await mediaProcesses(service), []);
    await assertTidy(service);
    assert.deepStrictEqual(
      await filesBelow(join(service.dataDirectory, "blobs/default", userId, "audio", id)),
      ["original.flac"],
    );
    service = await service.restart();
    await assertWhole(service, id, long);
  });

  it("has told every story once", async () => {
    await service.end("SIGINT");
    const directory = join(service.dataDirectory, "postgres");
    assertTold(
      await readLog(EmbeddedPostgres.layer({ directory }).pipe(Layer.provide(NodeServices.layer))),
    );
  });
});

layer(TestDatabase.layer, { excludeTestServices: true })("a service on Postgres", (it) => {
  it.effect("resumes when it is killed in the middle of a render", () =>
    Effect.gen(function* () {
      const { url } = yield* TestDatabase;
      yield* Effect.promise(async () => {
        let service = await startService({ DATABASE_URL: Redacted.value(url) });
        const { id } = await accept(service, long, "ConversionProgressed");
        service = await crash(service);
        await assertWhole(service, id, long);
        await service.end("SIGINT");
        assertTold(await readLog(Database.layer(url).pipe(Layer.provide(NodeServices.layer))));
      });
    }));
});
