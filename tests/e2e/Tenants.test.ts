/** Two tenants on one service, on a Postgres server: neither learns anything of the other. */
import { afterAll, assert, describe, it } from "@effect/vitest";
import { Effect, Layer, ManagedRuntime, Redacted } from "effect";
import { TenantId } from "../../domain/Id.ts";
import * as PgApiKeys from "../../infra/postgres/PgApiKeys.ts";
import { ApiKeys } from "../../services/ApiKeys.ts";
import { sine, wav } from "../support/Audio.ts";
import { client } from "../support/Databases.ts";
import { assertProblem } from "../support/Problems.ts";
import { endAll, type Json, settled, startService, upload } from "../support/RunningService.ts";
import { TestDatabase } from "../support/TestDatabase.ts";
import { namedPaths, requestFor } from "./api/Refusing.ts";

const database = ManagedRuntime.make(
  PgApiKeys.layer.pipe(Layer.provideMerge(client), Layer.provideMerge(TestDatabase.layer)),
);
const { url } = await database.runPromise(TestDatabase.use(Effect.succeed));
const service = await startService({ DATABASE_URL: Redacted.value(url) });
const otherKey = "tdk_the_key_of_the_other_tenant";
await database.runPromise(
  ApiKeys.use((keys) =>
    keys.register(Redacted.make(otherKey), { tenantId: TenantId.make("other"), scopes: ["admin"] })
  ),
);
afterAll(async () => {
  await endAll();
  await database.dispose();
});

const audio = new Uint8Array(wav(sine({ seconds: 0.3 })));
const { id: uploadId, position } = await upload(service, audio, {
  filename: "secret.wav",
  process: { outputs: [{ format: "mp3" }] },
});
const { conversions: [{ id: conversionId }], ...mine } = await settled(service, uploadId);

const asOther = (path: string, init: RequestInit = {}) =>
  service.call(path, {
    ...init,
    headers: { ...Object.fromEntries(new Headers(init.headers)), authorization: `Bearer ${otherKey}` },
  });

/** A problem without what differs from request to request. */
const shapeOf = async (response: Response) => {
  const { traceId: _, ...rest } = await assertProblem(response, "NOT_FOUND");
  return { ...rest, headers: [...response.headers.keys()].sort() };
};

describe("another tenant", () => {
  it.each(namedPaths(uploadId, conversionId, "mp3"))(
    "gets the same answer for an id of a tenant as for one that never was: %s %s",
    async (method, path) => {
      const nobody = path.replace(/_[0-9a-z]{26}/, "_00000000000000000000000000");
      const [real, none] = [
        await asOther(path, requestFor(method, path)),
        await asOther(nobody, requestFor(method, path)),
      ];
      assert.strictEqual(real.status, 404);
      if (method !== "HEAD") assert.deepStrictEqual(await shapeOf(real), await shapeOf(none));
    },
  );

  it.each([
    "/uploads",
    "/uploads?search=secret",
    "/uploads?userId=default",
    "/uploads?status=ready",
    `/uploads?after=${position}`,
    `/uploads?cursor=upl_7${"z".repeat(25)}`,
    `/uploads?cursor=${uploadId}`,
  ])("sees an empty list at %s", async (path) => {
    const response = await asOther(path);
    assert.deepStrictEqual(await response.json(), { items: [], nextCursor: null });
  });

  it("cannot mark, cancel or delete anything: all is as it was", async () => {
    const { conversions, ...now } = await service.json(`/uploads/${uploadId}`);
    assert.deepStrictEqual(now, mine);
    assert.deepStrictEqual(conversions, [{ id: conversionId, status: "completed" }]);
    assert.strictEqual((await service.call(`/conversions/${conversionId}/outputs/mp3`)).status, 200);
    assert.strictEqual((await service.json("/uploads")).items.length, 1);
  });

  it("has uploads of its own, which the first tenant does not see", async () => {
    const form = new FormData();
    form.set("file", new Blob([audio]), "own.wav");
    form.set("userId", "default");
    const response = await asOther("/uploads", { method: "POST", body: form });
    assert.strictEqual(response.status, 201);
    const own = await response.json();
    const shown = await (await asOther(`/uploads/${own.id}?after=${own.position}`)).json();
    assert.strictEqual(shown.tenantId, "other");
    await assertProblem(await service.call(`/uploads/${own.id}`), "NOT_FOUND");
    await assertProblem(await service.call(`/uploads/${own.id}`, { method: "DELETE" }), "NOT_FOUND");
    const withAlbum = (id: string) =>
      asOther(`/uploads/${own.id}/conversions`, {
        method: "POST",
        body: JSON.stringify({ outputs: [{ format: "wav", loudness: { targetLufs: -20, album: [id] } }] }),
        headers: { "content-type": "application/json" },
      });
    for (const id of [uploadId, `upl_${"0".repeat(26)}`]) {
      const field = "outputs[0].loudness.album[0]";
      const { detail } = await assertProblem(await withAlbum(id), "NOT_FOUND", { field });
      assert.strictEqual(detail, `There is no upload ${id}`);
    }
    const listed = await service.json(`/uploads?after=${own.position}`);
    assert.notInclude(listed.items.map(({ id }: Json) => id), own.id);
  });
});
