/** Parts of analyses that are measured again, one by one and for a whole library, against a process of its own on Postgres. */
import { PgClient } from "@effect/sql-pg";
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest";
import { Effect, Layer, ManagedRuntime, Redacted } from "effect";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { currentAnalyser } from "../../domain/analysis/AnalysisPart.ts";
import { music, wav } from "../support/Audio.ts";
import { runCommand } from "../support/CommandLine.ts";
import { client } from "../support/Databases.ts";
import { assertProblem } from "../support/Problems.ts";
import { endAll, eventually, type Json, settled, startService, upload } from "../support/RunningService.ts";
import { TestDatabase } from "../support/TestDatabase.ts";

const database = ManagedRuntime.make(client.pipe(Layer.provideMerge(TestDatabase.layer)));
const { url } = await database.runPromise(TestDatabase.use(Effect.succeed));
const service = await startService({ DATABASE_URL: Redacted.value(url) });
afterAll(async () => {
  await endAll();
  await database.dispose();
});

const file = new Uint8Array(wav(music({ seconds: 4 })));
const newest = (id: string): Promise<Json> => service.json(`/uploads/${id}/analysis`);

const request = (id: string, body?: unknown): Promise<Response> =>
  service.call(`/uploads/${id}/analysis`, {
    method: "POST",
    ...(body !== undefined &&
      { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
  });

/** Asks for an analysis and waits for it. */
const analyse = async (id: string, body?: unknown): Promise<Json> => {
  const response = await request(id, body);
  assert.strictEqual(response.status, 202);
  const { id: analysisId, position } = await response.json();
  // Without the position, the view may not have the first analysis of an upload yet.
  const look = () => service.json(`/uploads/${id}/analysis?after=${position}`);
  return eventually(look, (shown) => shown.id === analysisId && shown.status === "completed");
};

/** The names of the objects that analyses of an upload have stored, by the ids of the analyses. */
const objectsOf = async (uploadId: string, analysisId: string): Promise<ReadonlyArray<string>> => {
  const { userId, tenantId } = await service.json(`/uploads/${uploadId}`);
  const path = ["blobs", tenantId, userId, "audio", uploadId, "analysis", analysisId];
  return (await readdir(join(service.dataDirectory, ...path))).sort();
};

const content = async (path: string) => new Uint8Array(await (await service.call(path)).arrayBuffer());

/** What an analysis measured, wherever it is found. */
const told = (
  { decodedSeconds, loudness, tempo, key, signal, waveform: { links: _, ...waveform }, warnings }: Json,
) => ({
  decodedSeconds,
  loudness,
  tempo,
  key,
  signal,
  waveform,
  warnings,
});

describe("an analysis of some parts", () => {
  let id = "", first: Json;
  beforeAll(async () => {
    ({ id } = await upload(service, file));
    await settled(service, id);
    first = await newest(id);
  });

  it.each([
    ["tempo", ["curves.json"]],
    ["loudness", ["curves.json"]],
    ["signal", ["spectrogram.bin"]],
    ["waveform", ["waveform-channels.dat", "waveform.dat", "waveform.rms"]],
  ])("measures and stores %s alone, and tells everything", async (part, objects) => {
    const curves = await content(`/uploads/${id}/analysis/curves`);
    const analysis = await analyse(id, { parts: [part] });
    assert.notStrictEqual(analysis.id, first.id);
    assert.deepStrictEqual(told(analysis), told(first));
    assert.deepStrictEqual(analysis.analyserVersion, { ...currentAnalyser, transcript: 0 });
    assert.deepStrictEqual(analysis.errors, {});
    assert.deepStrictEqual(await objectsOf(id, analysis.id), objects);
    assert.deepStrictEqual(await content(`/uploads/${id}/analysis/curves`), curves);
    for (const kept of ["waveform?format=dat", "spectrogram"]) {
      assert.strictEqual((await service.call(`/uploads/${id}/${kept}`)).status, 200);
    }
  });

  it("loses nothing of another one that is under way", async () => {
    await database.runPromise(
      PgClient.PgClient.use((sql) =>
        sql`UPDATE view_analyses_v3 SET report = jsonb_set(jsonb_set(report, '{tempo,bpm}', '1'), '{key,name}', '"?"')`
      ),
    );
    const responses = await Promise.all([request(id, { parts: ["key"] }), request(id, { parts: ["tempo"] })]);
    const accepted = await Promise.all(responses.map((response) => response.json()));
    const ids = accepted.map(({ id }) => id);
    for (const { position } of accepted) {
      const { loudness } = await service.json(`/uploads/${id}/analysis?after=${position}`);
      assert.deepStrictEqual(loudness, first.loudness);
    }
    const last = await eventually(
      () => newest(id),
      ({ id, status }) => ids.includes(id) && status === "completed",
    );
    assert.strictEqual(last.id, ids.sort().at(-1));
    await eventually(
      () => service.json(`/jobs?kind=analysis&status=completed`),
      ({ items }) => ids.every((id) => items.some((job: Json) => job.id === id)),
    );
    assert.deepStrictEqual(told(await newest(id)), told(first));
  });

  it("measures everything where nothing else is asked for, or nothing was measured before", async () => {
    const all = ["curves.json", "spectrogram.bin", "waveform-channels.dat", "waveform.dat", "waveform.rms"];
    assert.deepStrictEqual(await objectsOf(id, (await analyse(id)).id), all);
    const { id: other } = await upload(service, file, { process: { analysis: false } });
    const analysis = await analyse(other, { parts: ["key"] });
    assert.deepStrictEqual(told(analysis), told(first));
    assert.deepStrictEqual(await objectsOf(other, analysis.id), all);
  });

  it.each([[[], "parts"], [["melody"], "parts[0]"], [["key", "key"], "parts"], ["key", "parts"], [
    ["transcript"],
    "parts",
  ]])(
    "is refused for the parts %j",
    async (parts, field) => {
      await assertProblem(await request(id, { parts }), "INVALID_PARAMETER", { field });
    },
  );
});

describe("a refresh", () => {
  const refresh = (...args: ReadonlyArray<string>) =>
    runCommand(["analysis", "refresh", ...args], {
      TAPEDECK_URL: service.url,
      TAPEDECK_API_KEY: service.key,
    });

  const admin = (path: string): Promise<Json> =>
    service.json(`/admin/analyses/${path}`, {
      method: "POST",
      body: "{}",
      headers: { "content-type": "application/json" },
    });

  it("measures again what an older analyser measured, each upload once", async () => {
    const ids: Array<string> = [];
    for (let i = 0; i < 3; i++) ids.push((await upload(service, file)).id);
    for (const id of ids) await settled(service, id);
    const before = await Promise.all(ids.map(newest));
    await database.runPromise(PgClient.PgClient.use((sql) =>
      sql`
        UPDATE view_analyses_v3 SET report = jsonb_set(jsonb_set(report, '{analyserVersion,key}', '0'), '{key}', 'null')
        WHERE upload_id = ANY(${ids}::text[])`
    ));
    const dry = await refresh("--dry-run", "--json");
    assert.deepStrictEqual(JSON.parse(dry.stdout), { uploads: 3 });
    const unasked = await refresh();
    assert.strictEqual(unasked.status, 2);
    assert.include(unasked.stderr, "This measures 3 uploads");

    const done = await refresh("--yes", "--json", "--older-than", "7", "--part", "key", "--part", "tempo");
    assert.deepStrictEqual([done.status, JSON.parse(done.stdout)], [0, { requested: 3 }]);
    for (const [index, id] of ids.entries()) {
      const after = await eventually(() => newest(id), ({ status }) => status === "completed");
      assert.notStrictEqual(after.id, before[index].id);
      assert.deepStrictEqual(told(after), told(before[index]));
      assert.deepStrictEqual(after.analyserVersion, { ...currentAnalyser, transcript: 0 });
      // Of the key nothing is stored.
      assert.deepStrictEqual(await objectsOf(id, after.id).catch(() => []), []);
    }
    assert.deepStrictEqual(await admin("outdated"), { uploads: 0 });
    assert.deepStrictEqual(await admin("refresh"), { requested: 0, isDone: true });
  });

  it("asks for nothing while enough is under way", async () => {
    await database.runPromise(
      PgClient.PgClient.use((sql) =>
        sql`UPDATE view_analyses_v3 SET report = jsonb_set(report, '{analyserVersion,key}', '0')`
      ),
    );
    await database.runPromise(PgClient.PgClient.use((sql) =>
      sql`
        INSERT INTO view_analyses_v3
        SELECT (jsonb_populate_record(view, jsonb_build_object('id', id || n, 'upload_id', 'upl_none', 'status', 'queued'))).*
        FROM view_analyses_v3 view, generate_series(1, 100) n LIMIT 100`
    ));
    assert.deepStrictEqual(await admin("refresh"), { requested: 0, isDone: false });
  });
});
