import { assert, describe, it } from "@effect/vitest";
import { assertProblem } from "../../support/Problems.ts";
import type { RunningService } from "../../support/RunningService.ts";

const upl = "upl_00000000000000000000000000", cnv = "cnv_00000000000000000000000000";

/** Every path and verb that names a resource. */
export const namedPaths = (uploadId: string, conversionId: string, output: string) =>
  [
    ["GET", `/uploads/${uploadId}`],
    ["DELETE", `/uploads/${uploadId}`],
    ["GET", `/uploads/${uploadId}/content`],
    ["HEAD", `/uploads/${uploadId}/content`],
    ["POST", `/uploads/${uploadId}/conversions`],
    ["GET", `/uploads/${uploadId}/analysis`],
    ["POST", `/uploads/${uploadId}/analysis`],
    ["GET", `/uploads/${uploadId}/waveform`],
    ["GET", `/uploads/${uploadId}/waveform?format=dat`],
    ["GET", `/conversions/${conversionId}`],
    ["POST", `/conversions/${conversionId}/cancel`],
    ["POST", `/conversions/${conversionId}/retry`],
    ["GET", `/conversions/${conversionId}/outputs/${output}`],
    ["HEAD", `/conversions/${conversionId}/outputs/${output}`],
    ["GET", `/conversions/${conversionId}/outputs/${output}/64k.mp4`],
  ] as const;

/** A request to one of these paths, with the body that it needs. */
export const requestFor = (method: string, path: string): RequestInit => ({
  method,
  ...(method === "POST" && {
    body: path.endsWith("/analysis") ? '{"parts":["key"]}' : '{"outputs":[{"format":"mp3"}]}',
    headers: { "content-type": "application/json" },
  }),
});

/** What is refused, and how. */
export const refusing = (service: RunningService): void => {
  const anonymous = (path: string, init: RequestInit = {}) => fetch(`${service.url}/api/v1${path}`, init);

  describe("refusing", () => {
    it.each([
      ...namedPaths(upl, cnv, "mp3"),
      ...namedPaths("upl_1", "cnv_1", "mp3"),
      ["GET", "/uploads"] as const,
      ["POST", "/uploads"] as const,
    ])("asks for a key before anything else: %s %s", async (method, path) => {
      const keys: ReadonlyArray<Record<string, string>> = [
        {},
        { authorization: "Bearer tdk_wrong" },
        { authorization: `Basic ${btoa(`key:${service.key}`)}` },
        { authorization: "Bearer" },
        { authorization: `Bearer ${service.key}x` },
      ];
      for (const authorization of keys) {
        const init = requestFor(method, path);
        const response = await anonymous(path, {
          ...init,
          headers: { ...Object.fromEntries(new Headers(init.headers)), ...authorization },
        });
        if (method === "HEAD") assert.strictEqual(response.status, 401);
        else await assertProblem(response, "UNAUTHORIZED");
      }
    });

    it.each([...namedPaths(upl, cnv, "mp3"), ...namedPaths("upl_1", "cnv_1", "mp3")])(
      "finds nothing where there is nothing: %s %s",
      async (method, path) => {
        const response = await service.call(path, requestFor(method, path));
        if (method === "HEAD") assert.strictEqual(response.status, 404);
        else await assertProblem(response, "NOT_FOUND");
      },
    );

    it.each([
      ["GET", `/uploads/${cnv}`],
      ["GET", `/uploads/${upl.toUpperCase()}`],
      ["GET", `/uploads/${upl}%00`],
      ["GET", `/uploads/..%2f..%2fetc%2fpasswd/content`],
      ["GET", `/uploads/%ff`],
      ["GET", `/conversions/${cnv}/outputs/..%2foriginal`],
      ["GET", `/conversions/${cnv}/outputs/MP3`],
      ["PUT", "/uploads"],
      ["PATCH", `/uploads/${upl}`],
      ["GET", "/upload"],
      ["GET", "/"],
    ])("finds nothing under an address that does not exist: %s %s", async (method, path) => {
      await assertProblem(await service.call(path, { method }), "NOT_FOUND");
    });

    it("finds nothing beside the API", async () => {
      for (const path of ["/", "/admin", "/favicon.ico", "/../etc/passwd"]) {
        await assertProblem(await fetch(`${service.url}${path}`), "NOT_FOUND");
      }
    });

    it.each(
      [
        ["application/json", '{"outputs":[', "INVALID_PARAMETER"],
        ["application/json", "", "INVALID_PARAMETER"],
        ["text/plain", '{"outputs":[{"format":"mp3"}]}', "UNSUPPORTED_MEDIA_TYPE"],
        ["application/xml", "<outputs/>", "UNSUPPORTED_MEDIA_TYPE"],
      ] as const,
    )("refuses a body of type %s: %s", async (type, body, code) => {
      const init = { method: "POST", body, headers: { "content-type": type } };
      await assertProblem(await service.call(`/uploads/${upl}/conversions`, init), code);
    });

    it("refuses a body that is too large to be read as a whole, whether or not its length is announced", async () => {
      const text = (size: number) => `{"preset":"archive"${" ".repeat(size - 20)}}`;
      const conversion = (size: number, isStreamed: boolean) =>
        service.call(`/uploads/${upl}/conversions`, {
          method: "POST",
          body: isStreamed ? new Blob([text(size)]).stream() : text(size),
          headers: { "content-type": "application/json" },
        });
      const limit = 2 * 1024 ** 2;
      for (const isStreamed of [false, true]) {
        const refused = await assertProblem(await conversion(limit + 1, isStreamed), "REQUEST_TOO_LARGE");
        assert.include(refused.detail, `${limit}`);
        await assertProblem(await conversion(limit, isStreamed), "NOT_FOUND");
      }
    });

    it("does not tell in a problem what it runs on", async () => {
      const responses = [
        await service.call("/uploads?limit=0"),
        await service.call(`/uploads/${upl}`),
        await anonymous("/uploads"),
        await service.call("/uploads", { method: "POST", body: new Uint8Array() }),
      ];
      for (const response of responses) {
        const text = await response.text();
        assert.notInclude(text, service.dataDirectory);
        assert.notMatch(text, /node_modules|\.ts\b|at \w+ \(|postgres|pglite/i);
        assert.isNull(response.headers.get("server"));
        assert.isNull(response.headers.get("x-powered-by"));
      }
    });
  });
};
