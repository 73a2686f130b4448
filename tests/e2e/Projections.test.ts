/** What operators do with views, by the real command line, on a running service with a long log that is killed in the middle. */
import { PgClient } from "@effect/sql-pg";
import { afterAll, assert, describe, it } from "@effect/vitest";
import { Effect, Layer, ManagedRuntime, Redacted } from "effect";
import { TenantId } from "../../domain/Id.ts";
import * as PgEventStore from "../../infra/postgres/PgEventStore.ts";
import { EventStore } from "../../services/EventStore.ts";
import { sine, wav } from "../support/Audio.ts";
import { runCommand } from "../support/CommandLine.ts";
import { client } from "../support/Databases.ts";
import { appendOf, receivedBy } from "../support/Fixtures.ts";
import { assertProblem } from "../support/Problems.ts";
import { endAll, eventually, type Json, settled, startService, upload } from "../support/RunningService.ts";
import { TestDatabase } from "../support/TestDatabase.ts";

const database = ManagedRuntime.make(
  PgEventStore.layer({ callsInFlight: 2 }).pipe(
    Layer.provideMerge(client),
    Layer.provideMerge(TestDatabase.layer),
  ),
);
const { url } = await database.runPromise(TestDatabase.use(Effect.succeed));
const sql = <A>(query: (sql: PgClient.PgClient) => Effect.Effect<A, unknown>) =>
  database.runPromise(PgClient.PgClient.use(query));

/** A long log for the views to read: uploads that nobody has to work on any more. */
const tenantId = TenantId.make("default");
const copies = 8_000;
const perAppend = 200;
const old = Array.from({ length: copies }, () => receivedBy(tenantId));
await database.runPromise(EventStore.use((store) =>
  Effect.forEach(
    Array.from({ length: copies / perAppend }, (_, index) =>
      old.slice(index * perAppend, (index + 1) * perAppend)),
    (events, index) =>
      store.append(appendOf(tenantId, `default/old-${index}`, 0, events)),
    { concurrency: 8, discard: true },
  )
));
await sql((sql) =>
  Effect.forEach(
    ["probe", "request-jobs", "render", "measure", "withdraw", "remove-objects"],
    (name) => sql`INSERT INTO consumers (name, position) VALUES (${name}, ${copies}::bigint)`,
  )
);
const gone = old[0]?.uploadId ?? "";

let service = await startService({ DATABASE_URL: Redacted.value(url) });
afterAll(async () => {
  await endAll();
  await database.dispose();
});

const audio = new Uint8Array(wav(sine({ seconds: 0.3 })));
const { id } = await upload(service, audio, {
  filename: "a.wav",
  process: { outputs: [{ format: "flac" }] },
});
const { userId, conversions: [{ id: conversionId }] } = await settled(service, id);

const tapedeck = (...args: ReadonlyArray<string>) =>
  runCommand(args, { TAPEDECK_URL: service.url, TAPEDECK_API_KEY: service.key });
const admin = (path: string, init?: RequestInit) => service.json(`/admin${path}`, init);
const status = (name: string): Promise<Json> => admin(`/projections/${name}`);
const isLive = (name: string) => eventually(() => status(name), ({ status }) => status === "live");

describe("operating projections", () => {
  it("shows every projection, for people and for scripts", async () => {
    await isLive("uploads");
    const shown = await tapedeck("projections", "list");
    assert.match(shown.stdout, /^PROJECTION +STATUS +POSITION +HEAD +LAG/);
    for (const name of ["uploads", "conversions", "analyses", "jobs", "storage_usage", "throughput"]) {
      assert.match(shown.stdout, new RegExp(`^${name} v\\d `, "m"));
    }
    const { stdout, status } = await tapedeck("projections", "list", "--json");
    assert.strictEqual(status, 0);
    assert.lengthOf(JSON.parse(stdout), 6);
  });

  it("says what a rebuild would do, and asks before it is done", async () => {
    const dry = await tapedeck("projections", "rebuild", "uploads", "--dry-run");
    assert.match(dry.stdout, /^This would build uploads from 8,\d{3} events/);
    const unasked = await tapedeck("projections", "rebuild", "uploads");
    assert.strictEqual(unasked.status, 2);
    assert.include(unasked.stderr, "--yes");
    assert.isNull((await status("uploads")).rebuild);
  });

  it("finds a row that was changed behind its back, names its field, and a rebuild mends it", async () => {
    await sql((sql) => sql`UPDATE view_uploads_v3 SET size_bytes = 1, status = 'rejected' WHERE id = ${id}`);
    await sql((sql) => sql`DELETE FROM view_uploads_v3 WHERE id = ${gone}`);
    const found = await tapedeck("projections", "verify", "uploads", "conversions");
    assert.strictEqual(found.status, 1);
    assert.include(found.stdout, `different ${id}: status, sizeBytes`);
    assert.include(found.stdout, `missing ${gone}`);
    assert.match(found.stdout, /✓ conversions: 1 rows/);
    assert.include(found.stderr, "tapedeck projections rebuild uploads");

    assert.strictEqual((await tapedeck("projections", "rebuild", "uploads", "--yes")).status, 0);
    assert.strictEqual((await tapedeck("projections", "verify", "uploads")).status, 0);
    assert.strictEqual((await service.json(`/uploads/${id}`)).status, "ready");
  });

  it("goes on with a rebuild after the process was killed in the middle, and reads never fail", async () => {
    await admin("/projections/jobs/rebuild", { method: "POST" });
    await admin("/projections/uploads/rebuild", { method: "POST" });
    const before = await eventually(() => status("uploads"), ({ rebuild }) => rebuild?.position > 0);
    await service.end("SIGKILL");
    service = await service.restart();
    const { rebuild } = await status("uploads");
    // Either it has ended already, or it went on from where it was.
    assert.isTrue(rebuild === null || rebuild.position >= before.rebuild.position);
    let reads = 0;
    await eventually(async () => {
      const [shown, uploads] = await Promise.all([service.json(`/uploads/${id}`), status("uploads")]);
      assert.strictEqual(shown.status, "ready");
      reads++;
      return uploads;
    }, ({ rebuild }) => rebuild === null);
    assert.isAbove(reads, 0);
    assert.strictEqual((await tapedeck("projections", "verify", "uploads", "jobs")).status, 0);
  });

  it("stops and goes on as told; reads that wait for it say so", async () => {
    assert.match((await tapedeck("projections", "pause", "conversions")).stdout, /paused/);
    const { position } = await service.json(`/conversions/${conversionId}/retry`, { method: "POST" })
      .catch(() => upload(service, audio));
    const { lagEvents } = await eventually(() => status("conversions"), ({ lagEvents }) => lagEvents > 0);
    assert.isAbove(lagEvents, 0);
    const behind = await service.call(`/conversions/${conversionId}?after=${position}`);
    await assertProblem(behind, "PROJECTION_BEHIND");
    assert.match((await tapedeck("projections", "resume", "conversions")).stdout, /live|catching up/);
    await isLive("conversions");
  });

  it("parks what it cannot apply, goes on, and takes it back when the cause is mended", async () => {
    const { id: poisoned, position } = await upload(service, audio, { filename: "poison.wav" });
    await settled(service, poisoned);
    await sql((sql) => sql`UPDATE events SET data = data - 'filename' WHERE position = ${position}`);
    const stopped = await tapedeck("projections", "rebuild", "uploads", "--yes");
    assert.strictEqual(stopped.status, 1);
    assert.match(stopped.stderr, new RegExp(`position ${position} cannot be applied`));
    // The live view reads it once more when it begins anew.
    await sql((sql) => sql`UPDATE projections SET position = 0 WHERE name = 'uploads' AND slot = 'live'`);
    await settled(service, (await upload(service, audio)).id);
    await isLive("uploads");
    const parked = await tapedeck("parked", "list", "--json");
    const [first, ...behind] = JSON.parse(parked.stdout);
    assert.deepInclude(first, { projection: "uploads", position, type: "UploadReceived", attempts: 1 });
    assert.match(first.traceparent, /^00-[0-9a-f]{32}-/);
    assert.isTrue(behind.length > 0 && behind.every(({ error }: Json) => error === null));
    assert.strictEqual((await tapedeck("parked", "retry", "uploads")).status, 1);
    await sql((sql) =>
      sql`UPDATE events SET data = data || jsonb_build_object('filename', 'poison.wav') WHERE position = ${position}`
    );
    assert.strictEqual((await tapedeck("parked", "retry", "uploads")).status, 0);
    assert.deepStrictEqual(JSON.parse((await tapedeck("parked", "list", "--json")).stdout), []);
    assert.strictEqual((await tapedeck("projections", "verify", "uploads")).status, 0);
  });

  it("refuses what is not there, and who is not an operator", async () => {
    const unknown = await tapedeck("projections", "status", "nothing");
    assert.strictEqual(unknown.status, 1);
    assert.include(unknown.stderr, "There is no projection nothing; there are uploads");
    assert.strictEqual((await tapedeck("parked", "skip", "uploads", "1", "--yes")).status, 1);
    await assertProblem(
      await service.call("/admin/projections", { headers: { authorization: "Bearer nobody" } }),
      "UNAUTHORIZED",
    );
  });
});

describe("a tenant's work as a whole", () => {
  it("is one list of jobs, newest first, with filters and a cursor", async () => {
    const { items, nextCursor } = await service.json("/jobs?limit=1");
    assert.lengthOf(items, 1);
    const { items: older } = await service.json(`/jobs?limit=200&cursor=${nextCursor}`);
    assert.isTrue(older.every(({ queuedAt }: Json) => queuedAt <= items[0].queuedAt));
    const { items: found } = await service.json(`/jobs?kind=conversion&uploadId=${id}`);
    assert.deepStrictEqual(found.map(({ id }: Json) => id), [conversionId]);
    assert.deepInclude(await service.json(`/jobs/${conversionId}`), {
      kind: "conversion",
      status: "completed",
    });
  });

  it("is what is stored, and how much was done each hour", async () => {
    const storage = await service.json("/usage/storage");
    assert.strictEqual(
      storage.uploads,
      storage.users.reduce((sum: number, user: Json) => sum + user.uploads, 0),
    );
    assert.isAtLeast(storage.uploads, copies);
    assert.isAbove(storage.renditionBytes, 0);
    assert.isAbove(storage.users.length, 1);
    assert.isNull(storage.nextCursor);
    const users: Array<Json> = [];
    for (let cursor: string | null = ""; cursor !== null;) {
      const from: string = cursor === "" ? "" : `&cursor=${cursor}`;
      const page: Json = await service.json(`/usage/storage?limit=1${from}`);
      assert.lengthOf(page.users, 1);
      assert.strictEqual(page.uploads, storage.uploads);
      users.push(...page.users);
      cursor = page.nextCursor;
    }
    assert.deepStrictEqual(users, storage.users);
    const own = await service.json(`/usage/storage?userId=${userId}`);
    assert.deepStrictEqual(own.users.map(({ userId }: Json) => userId), [userId]);
    const { hours } = await service.json("/usage/throughput?since=2025-12-31T00:00:00Z");
    assert.isAtLeast(hours.reduce((sum: number, hour: Json) => sum + hour.uploads, 0), copies);
  });
});
