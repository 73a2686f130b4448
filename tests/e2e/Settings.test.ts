/** Starts that go wrong, starts on the same directory, and how the service ends. */
import { afterAll, assert, describe, it } from "@effect/vitest";
import { Effect, ManagedRuntime, Redacted } from "effect";
import type { Buffer } from "node:buffer";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";
import { silentFlac, sine, wav } from "../support/Audio.ts";
import { filesBelow } from "../support/Files.ts";
import {
  endAll,
  eventually,
  launch,
  newDataDirectory,
  type RunningService,
  settled,
  startFresh,
  startService,
  upload,
} from "../support/RunningService.ts";
import { whisperThat } from "../support/StandInWhisper.ts";
import { TestDatabase } from "../support/TestDatabase.ts";

const scratch = await mkdtemp(join(tmpdir(), "tapedeck-settings-"));
const busy = createServer().listen(0, "127.0.0.1");
await once(busy, "listening");
const busyAddress = busy.address();
const busyPort = String(typeof busyAddress === "object" && busyAddress !== null ? busyAddress.port : 0);
// For starts that get far: the embedded database is slow to make.
const database = ManagedRuntime.make(TestDatabase.layer);
const { url } = await database.runPromise(TestDatabase.use(Effect.succeed));
const onServer = { DATABASE_URL: Redacted.value(url) };
const service = await startFresh();
afterAll(async () => {
  busy.close();
  await endAll();
  await database.dispose();
  await rm(scratch, { recursive: true });
});

describe("a start that cannot succeed", () => {
  it.concurrent.each<readonly [string, Record<string, string>, RegExp]>([
    ["a port that is a word", { PORT: "abc" }, /^PORT: /],
    ["a port that is too high", { PORT: "70000" }, /^PORT: /],
    ["an unknown setting", { TAPEDECK_FOO: "1" }, /^TAPEDECK_FOO: there is no such setting$/],
    ["another kind of bus", { NATS_URL: "http://127.0.0.1:4222" }, /^NATS_URL: .*nats:\/\//],
    [
      "a bus that does not answer",
      { ...onServer, NATS_URL: "nats://u:hush@127.0.0.1:1" },
      /^The bus .*\(NATS_URL\): /,
    ],
    ["a role without what it shares", { TAPEDECK_ROLE: "worker" }, /^DATABASE_URL: .*TAPEDECK_ROLE/],
    ["networks that are none", { TAPEDECK_URL_NETWORKS: "10.0.0.1" }, /^TAPEDECK_URL_NETWORKS: .*CIDR/],
    ["storage that this version lacks", { STORAGE_URL: "s3://bucket" }, /^STORAGE_URL: .*file:\/\/\//],
    ["another kind of database", { DATABASE_URL: "mysql://localhost/x" }, /^DATABASE_URL: .*postgres:\/\//],
    [
      "a database that does not answer",
      { DATABASE_URL: "postgres://u:hush@127.0.0.1:1/x" },
      /^The database .*\(DATABASE_URL\): .*127\.0\.0\.1:1/,
    ],
    [
      "storage that cannot be written to",
      { ...onServer, STORAGE_URL: "file:///dev/null/blobs" },
      /^The storage .*\(STORAGE_URL\): .*\/dev\/null\/blobs/,
    ],
    [
      "a data directory that cannot be written to",
      { TAPEDECK_DATA_DIR: "/dev/null/data" },
      /^The data directory .*\(TAPEDECK_DATA_DIR\): .*\/dev\/null/,
    ],
    [
      "a data directory that another process holds",
      { TAPEDECK_DATA_DIR: service.dataDirectory },
      /^Another Tapedeck is running on .*TAPEDECK_DATA_DIR/,
    ],
    [
      "a port that is taken",
      { ...onServer, PORT: busyPort },
      new RegExp(`^The address .*\\(HOST, PORT\\): .*127\\.0\\.0\\.1:${busyPort}`),
    ],
  ])("says why in one line: %s", async (_, environment, line) => {
    const { errors, output, exited } = launch(await newDataDirectory(), { PORT: "0", ...environment });
    assert.strictEqual(await exited, 1);
    assert.match(errors(), /^[^\n]+\n$/);
    assert.match(errors().trimEnd(), line);
    assert.notMatch(output(), /hush|\bat .*\.ts:\d+/);
  });

  it.concurrent("says that there is no model for its recogniser", async () => {
    const whisper = {
      TAPEDECK_RECOGNISER: "whisper:/nowhere/base.bin",
      PATH: whisperThat(scratch, "exit 1"),
    };
    const { errors, exited } = launch(await newDataDirectory(), { PORT: "0", ...whisper });
    assert.strictEqual(await exited, 1);
    assert.match(errors(), /^TAPEDECK_RECOGNISER: [^\n]*\/nowhere\/base\.bin[^\n]*\n$/);
  });

  it.concurrent("says which program is missing, and how to get it", async () => {
    const { errors, exited } = launch(await newDataDirectory(), { PORT: "0", PATH: scratch });
    assert.strictEqual(await exited, 1);
    const [what, fix, ...rest] = errors().trimEnd().split("\n");
    assert.match(what ?? "", /^ffmpeg .* is needed: /);
    assert.match(fix ?? "", /^To fix it: .*https:\/\/ffmpeg\.org/);
    assert.deepStrictEqual(rest, []);
  });
});

/** Runs the command of a banner as somebody who pastes it. */
const paste = async (output: string, environment: Record<string, string> = {}) => {
  const command = /^ +(ffmpeg (?:.*\\\n)*.*curl (?:.*\\\n)*.*)$/m.exec(output)?.[1] ?? "";
  const { stdout } = await promisify(execFile)("bash", ["-c", command], {
    cwd: scratch,
    env: { ...process.env, ...environment },
  });
  return JSON.parse(stdout);
};

const audio = wav(sine());

/** An upload of which the service has half. */
const halfUploaded = async ({ url, key, dataDirectory }: RunningService, bytes: Buffer) => {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname).on("error", () => {});
  const head = ["POST /api/v1/uploads HTTP/1.1", "host: x", "x-filename: half.wav", "connection: close"];
  socket.write(
    [...head, `authorization: Bearer ${key}`, `content-length: ${bytes.length}`, "\r\n"].join("\r\n"),
  );
  socket.write(bytes.subarray(0, bytes.length / 2));
  await eventually(() => filesBelow(join(dataDirectory, "blobs", ".tmp")), ({ length }) => length === 1);
  return { socket, rest: bytes.subarray(bytes.length / 2) };
};

const isListening = (url: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(Number(new URL(url).port), "127.0.0.1");
    socket.on("error", () => resolve(false));
    socket.on("connect", () => {
      socket.destroy();
      resolve(true);
    });
  });

/** Sends a Ctrl-C, and waits until the service takes no connections any more. */
const interrupt = async ({ url, pid }: RunningService) => {
  process.kill(pid, "SIGINT");
  await eventually(() => isListening(url), (listening) => !listening);
};

describe("the banner", () => {
  it("tells where the service is and what it is made of", async () => {
    const output = await eventually(() => Promise.resolve(service.output()), (text) => /Ctrl-C/.test(text));
    for (
      const part of [
        `URL       ${service.url}\n`,
        `Docs      ${service.url}/docs\n`,
        `API key   ${service.key}\n`,
        `Database  PGlite in ${service.dataDirectory} (embedded)\n`,
        "Roles     all\n",
        "Bus       in-process (embedded)\n",
        `Storage   ${service.dataDirectory}/blobs (local disk)\n`,
        "Ctrl-C",
      ]
    ) assert.include(output, part);
  });

  it("has a command that works when it is pasted", async () => {
    const { id } = await paste(service.output());
    const { filename, conversions, analysis } = await settled(service, id);
    assert.deepStrictEqual([filename, analysis.status], ["tone.wav", "completed"]);
    const { outputs } = await service.json(`/conversions/${conversions[0].id}`);
    assert.deepStrictEqual(outputs.map(({ format }: { format: string }) => format), ["opus", "flac"]);
  });
});

describe("a key that is configured", () => {
  it("is valid, kept to itself, and in the command that the banner shows", async () => {
    const variables = { TAPEDECK_BOOTSTRAP_KEY: 'a key, "quoted" & configured' };
    const configured = await startService({ ...onServer, ...variables });
    const output = await eventually(
      () => Promise.resolve(configured.output()),
      (text) => /Ctrl-C/.test(text),
    );
    assert.include(output, "API key   $TAPEDECK_BOOTSTRAP_KEY\n");
    assert.include(output, "Database  Postgres (DATABASE_URL)\n");
    assert.notInclude(output, new URL(onServer.DATABASE_URL).password);
    assert.notInclude(output, variables.TAPEDECK_BOOTSTRAP_KEY);
    assert.notInclude(await filesBelow(configured.dataDirectory), "bootstrap-key");
    const { id } = await paste(output, variables);
    assert.strictEqual((await configured.call(`/uploads/${id}`)).status, 200);

    // The first signal waits for a request that is under way, the second one does not: it leaves what the request has written.
    const { socket } = await halfUploaded(configured, audio);
    await interrupt(configured);
    assert.strictEqual(await configured.end("SIGINT"), 130);
    socket.destroy();
    assert.lengthOf(await filesBelow(join(configured.dataDirectory, "blobs", ".tmp")), 1);
  });
});

describe("Ctrl-C", () => {
  it("ends what was begun; the service goes on where it was when it is started again", async () => {
    const { id } = await upload(service, new Uint8Array(silentFlac(600)), {
      filename: "long.flac",
      process: { outputs: [{ format: "ogg" }], analysis: false },
    });
    const { conversions: [{ id: conversionId }] } = await eventually(
      () => service.json(`/uploads/${id}`),
      ({ conversions }) => conversions[0]?.status === "running",
    );
    const { socket, rest } = await halfUploaded(service, audio);
    await interrupt(service);
    socket.write(rest);
    const created = await text(socket);
    assert.match(created, /^HTTP\/1\.1 201 /);
    assert.strictEqual(await service.exited, 130);
    const complaints = service.output().match(/^.*(?:"level":"(?:warn|error|fatal)"|\.ts:\d).*$/gm) ?? [];
    assert.deepStrictEqual(complaints, []);
    assert.deepStrictEqual(await filesBelow(join(service.dataDirectory, "work")), []);

    const again = await service.restart();
    assert.strictEqual(again.key, service.key);
    const conversion = await eventually(
      () => again.json(`/conversions/${conversionId}`),
      ({ status }) => status !== "queued" && status !== "running",
    );
    assert.containsSubset(conversion, { status: "completed", attempt: 2 });
    const finished = await settled(again, /upl_[0-9a-z]{26}/.exec(created)?.[0] ?? "");
    assert.containsSubset(finished, { filename: "half.wav", sizeBytes: audio.length, status: "ready" });
  });
});
