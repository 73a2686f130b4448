import { assert, describe, it } from "@effect/vitest";
import type { Json, RunningService } from "../../support/RunningService.ts";

const described = [
  "delete /api/v1/uploads/{id}",
  "get /api/v1/admin/events",
  "get /api/v1/admin/events/export",
  "get /api/v1/admin/events/tail",
  "get /api/v1/admin/events/{ref}",
  "get /api/v1/admin/log",
  "get /api/v1/admin/parked",
  "get /api/v1/admin/projections",
  "get /api/v1/admin/projections/{name}",
  "get /api/v1/conversions/{id}",
  "get /api/v1/conversions/{id}/outputs/{name}",
  "get /api/v1/conversions/{id}/outputs/{name}/{file}",
  "get /api/v1/formats",
  "get /api/v1/jobs",
  "get /api/v1/jobs/{id}",
  "get /api/v1/presets",
  "get /api/v1/uploads",
  "get /api/v1/uploads/{id}",
  "get /api/v1/uploads/{id}/analysis",
  "get /api/v1/uploads/{id}/analysis/curves",
  "get /api/v1/uploads/{id}/content",
  "get /api/v1/uploads/{id}/spectrogram",
  "get /api/v1/uploads/{id}/transcript",
  "get /api/v1/uploads/{id}/waveform",
  "get /api/v1/usage/storage",
  "get /api/v1/usage/throughput",
  "get /healthz",
  "get /readyz",
  "post /api/v1/admin/analyses/outdated",
  "post /api/v1/admin/analyses/refresh",
  "post /api/v1/admin/events/import",
  "post /api/v1/admin/events/replay",
  "post /api/v1/admin/parked/retry",
  "post /api/v1/admin/parked/skip",
  "post /api/v1/admin/projections/{name}/pause",
  "post /api/v1/admin/projections/{name}/rebuild",
  "post /api/v1/admin/projections/{name}/resume",
  "post /api/v1/admin/projections/{name}/verify",
  "post /api/v1/conversions/{id}/cancel",
  "post /api/v1/conversions/{id}/retry",
  "post /api/v1/uploads",
  "post /api/v1/uploads/{id}/analysis",
  "post /api/v1/uploads/{id}/conversions",
];

/** What the service says about itself, to anyone. */
export const describing = (service: RunningService): void => {
  const get = async (path: string): Promise<Json> => {
    const response = await fetch(`${service.url}${path}`);
    assert.strictEqual(response.status, 200);
    return response.json();
  };

  describe("describing itself", () => {
    it("is alive and ready", async () => {
      assert.deepStrictEqual(await get("/healthz"), { status: "ok" });
      const { status, parts } = await get("/readyz");
      assert.strictEqual(status, "ready");
      assert.includeMembers(Object.keys(parts), ["eventStore", "blobStore"]);
      for (const part of Object.values(parts)) assert.deepStrictEqual(part, { ok: true });
    });

    it("has an OpenAPI document in which every path, reference and security scheme is there", async () => {
      const document = await get("/openapi.json");
      assert.match(document.openapi, /^3\.1\./);
      const operations: ReadonlyArray<readonly [string, Json]> = Object.entries<Json>(document.paths)
        .flatMap(([path, verbs]) =>
          Object.entries(verbs).map(([verb, operation]) => [`${verb} ${path}`, operation] as const)
        );
      assert.deepStrictEqual(operations.map(([name]) => name).sort(), described);
      const ids = operations.map(([, { operationId }]) => operationId);
      assert.strictEqual(new Set(ids).size, ids.length);
      for (const [name, { parameters = [], responses, security, summary }] of operations) {
        assert.match(summary, /\S/, name);
        const named = [...name.matchAll(/\{(\w+)\}/g)].map(([, parameter]) => parameter);
        const declared = parameters.filter((parameter: Json) => parameter.in === "path");
        assert.deepStrictEqual(declared.map((parameter: Json) => parameter.name), named, name);
        if (!name.includes("/api/v1")) continue;
        assert.includeMembers(Object.keys(responses), ["400", "401", "404"], name);
        assert.isAbove(security.length, 0, name);
        for (const scheme of security.flatMap(Object.keys)) {
          assert.property(document.components.securitySchemes, scheme);
        }
      }
      const references = JSON.stringify(document).matchAll(/"\$ref":"([^"]*)"/g);
      for (const [, reference = ""] of references) {
        const target = reference.split("/").slice(1).reduce<Json>((node, key) => node?.[key], document);
        assert.isDefined(target, reference);
      }
    });

    it("has a reference page that needs and reaches no other host", async () => {
      const response = await fetch(`${service.url}/docs`);
      assert.strictEqual(response.status, 200);
      assert.match(response.headers.get("content-type") ?? "", /^text\/html/);
      const page = await response.text();
      assert.notMatch(page, /<(?:script|link|img|iframe)\b[^>]*\b(?:src|href)\s*=\s*["']?(?:https?:)?\/\//i);
      assert.match(page, /"withDefaultFonts":\s*false/);
      // The page's script knows addresses of its vendor; the browser is told to call none of them.
      const policy = response.headers.get("content-security-policy") ?? "";
      assert.match(policy, /default-src 'self'/);
      assert.notMatch(policy, /https?:|\*/);
    });
  });
};
