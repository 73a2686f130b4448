/** Roles in processes of their own: one that stands still or dies is replaced, and what it began is finished, once. */
import { NodeServices } from "@effect/platform-node";
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest";
import { Effect, Layer, ManagedRuntime, Redacted } from "effect";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import * as Database from "../../../infra/postgres/Database.ts";
import {
  endAll,
  eventually,
  type Json,
  launch,
  newDataDirectory,
  type RunningService,
  startService,
  upload,
} from "../../support/RunningService.ts";
import { type ScratchNats, startScratchNats } from "../../support/ScratchNats.ts";
import { readLog } from "../../support/StoredLog.ts";
import { TestDatabase } from "../../support/TestDatabase.ts";
import { assertFinished, assertTold } from "../recovery/Checking.ts";
import { mediaProcesses, signal } from "../recovery/Crash.ts";
import { long, recorded, short, type Source } from "../recovery/Uploading.ts";
import { assertStreamIs, inHand } from "./StreamContents.ts";

const database = ManagedRuntime.make(TestDatabase.layer);

describe("several processes on one database and one NATS server", () => {
  let nats: ScratchNats;
  let url: Redacted.Redacted;
  let storage: string;
  let relay: RunningService;
  let api: RunningService;
  let worker: RunningService;

  const start = (roles: string, more: Readonly<Record<string, string>> = {}) =>
    startService({
      DATABASE_URL: Redacted.value(url),
      NATS_URL: nats.url,
      STORAGE_URL: pathToFileURL(storage).href,
      TAPEDECK_BOOTSTRAP_KEY: "several-processes-key",
      TAPEDECK_ROLE: roles,
      ...more,
    });

  beforeAll(async () => {
    ({ url } = await database.runPromise(TestDatabase.use(Effect.succeed)));
    nats = await startScratchNats();
    storage = await mkdtemp(join(tmpdir(), "tapedeck-shared-"));
    relay = await start("relay");
    [api, worker] = await Promise.all([start("api,projector,relay"), start("worker")]);
  });
  afterAll(async () => {
    await endAll();
    await nats.stop();
    await rm(storage, { recursive: true });
    await database.dispose();
  });

  const send = ({ bytes }: Source): Promise<Json> =>
    upload(api, bytes, { filename: "audio", process: { outputs: [{ format: "mp3" }] } });

  const says = (service: RunningService, words: string) =>
    eventually(() => Promise.resolve(service.output()), (output) => output.includes(words));

  it("finish an upload together", async () => {
    await assertFinished(api, (await send(short)).id);
    assert.include(relay.output(), "This process relays the log, with lease 1");
    const ready = async ({ url }: RunningService) =>
      Object.keys((await (await fetch(`${url}/readyz`)).json()).parts).sort();
    assert.deepStrictEqual(await ready(worker), ["bus", "eventStore"]);
    assert.deepStrictEqual(await ready(relay), ["bus", "eventStore", "relay"]);
    assert.strictEqual((await fetch(`${worker.url}/api/v1/uploads`)).status, 404);
  });

  it("replace a relay that stands still; when it wakes up, it stands by and has done no harm", async () => {
    const { id: first } = await send(short);
    process.kill(relay.pid, "SIGSTOP");
    const { id: second } = await send(short);
    await says(api, "This process relays the log, with lease");
    await assertFinished(api, first);
    await assertFinished(api, second);
    process.kill(relay.pid, "SIGCONT");
    const { id: third } = await send(short);
    await says(relay, "this one stands by");
    await assertFinished(api, third);
    assert.strictEqual(api.output().split("it is made anew").length, 1);
  });

  it("take over from a worker that was killed in the middle of a job", async () => {
    const begun = recorded(worker, "ConversionProgressed");
    const { id } = await send(long);
    await begun;
    await worker.end("SIGKILL");
    worker = await worker.restart();
    await assertFinished(api, id);
  });

  it("do no job twice when it is delivered to another worker while it is in hand", async () => {
    await worker.end("SIGINT");
    worker = await start("worker", { TAPEDECK_WORKER_CONCURRENCY: "1" });
    const begun = [["ConversionProgressed", "render"], ["AnalysisProgressed", "measure"]] as const;
    const first = Promise.race(begun.map(([type, kind]) => recorded(worker, type).then(() => kind)));
    const { id } = await send(long);
    const kind = await first;
    await signal(worker, "SIGSTOP");
    assert.isNotEmpty(await mediaProcesses(worker));
    const second = await start("worker", { TAPEDECK_WORKER_CONCURRENCY: "1" });
    await nats.kill();
    await nats.wipe();
    await nats.start();
    // The first worker has no hand free: it can only be the second one.
    await eventually(() => inHand(nats.url, kind), (count) => count > 0);
    await signal(worker, "SIGCONT");
    await assertFinished(api, id);
    const { items } = await api.json(`/jobs?uploadId=${id}`);
    assert.deepStrictEqual(items.map(({ attempt }: Json) => attempt), [1, 1]);
    await second.end("SIGINT");
  });

  it("refuse one that would have a bus of its own", async () => {
    const { errors, exited } = launch(await newDataDirectory(), {
      PORT: "0",
      DATABASE_URL: Redacted.value(url),
    });
    assert.strictEqual(await exited, 1);
    assert.match(errors(), /^Another Tapedeck works on this database .*NATS_URL.*\n$/);
  });

  it("have told every story once, and the stream tells them all", async () => {
    const rows = () => readLog(Database.layer(url).pipe(Layer.provide(NodeServices.layer)));
    await assertStreamIs(nats.url, await rows());
    await Promise.all([relay, api, worker].map((service) => service.end("SIGINT")));
    assertTold(await rows());
  });
});
