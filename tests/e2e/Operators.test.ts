/** What operators do with the log, by the real command line and over HTTP, on running services: one on Postgres, one embedded. */
import { afterAll } from "@effect/vitest";
import { Effect, Layer, ManagedRuntime, Redacted } from "effect";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TenantId } from "../../domain/Id.ts";
import * as PgApiKeys from "../../infra/postgres/PgApiKeys.ts";
import { ApiKeys } from "../../services/ApiKeys.ts";
import { sine, wav } from "../support/Audio.ts";
import { runCommand } from "../support/CommandLine.ts";
import { client } from "../support/Databases.ts";
import { endAll, settled, startService, upload } from "../support/RunningService.ts";
import { TestDatabase } from "../support/TestDatabase.ts";
import { moving } from "./operators/Moving.ts";
import { reading } from "./operators/Reading.ts";
import { refusing } from "./operators/Refusing.ts";
import { replaying } from "./operators/Replaying.ts";

const database = ManagedRuntime.make(
  PgApiKeys.layer.pipe(Layer.provideMerge(client), Layer.provideMerge(TestDatabase.layer)),
);
const { url } = await database.runPromise(TestDatabase.use(Effect.succeed));
const databaseUrl = Redacted.value(url);
const plainKey = "tdk_a_key_without_any_scope";
await database.runPromise(
  ApiKeys.use((keys) =>
    keys.register(Redacted.make(plainKey), { tenantId: TenantId.make("default"), scopes: [] })
  ),
);
const scratch = await mkdtemp(join(tmpdir(), "tapedeck-operators-"));
const [source, target] = await Promise.all([startService({ DATABASE_URL: databaseUrl }), startService()]);
afterAll(async () => {
  await endAll();
  await database.dispose();
  await rm(scratch, { recursive: true });
});

const audio = new Uint8Array(wav(sine({ seconds: 0.3 })));
const { id } = await upload(source, audio, { filename: "a.wav", process: { outputs: [{ format: "flac" }] } });
await settled(source, id);

/** Runs `tapedeck events …` on the source's service. */
const events = (...args: ReadonlyArray<string>) =>
  runCommand(["events", ...args], { TAPEDECK_URL: source.url, TAPEDECK_API_KEY: source.key });

reading({ service: source, events, uploadId: id });
refusing({ service: source, events, plainKey });
replaying({ service: source, events });
moving({ source, target, events, scratch, audio, databaseUrl, uploadId: id });
