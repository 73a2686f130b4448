import { afterAll, assert, describe, it } from "@effect/vitest";
import { createHash } from "node:crypto";
import type { RequestListener } from "node:http";
import { join } from "node:path";
import { sine, wav } from "../../support/Audio.ts";
import { startFileServer } from "../../support/FileServer.ts";
import { filesBelow } from "../../support/Files.ts";
import { assertProblem } from "../../support/Problems.ts";
import { eventually, type Json, type RunningService, settled } from "../../support/RunningService.ts";

const audio = new Uint8Array(wav(sine({ seconds: 0.2 })));
const sha256 = createHash("sha256").update(audio).digest("hex");

/** How uploads come in from URLs; the service may fetch from 127.0.0.1 alone, and take at most as many bytes. */
export const fetching = async (service: RunningService, maxBytes: number): Promise<void> => {
  const answers: Record<string, RequestListener> = {
    "/gone": (_, response) => response.writeHead(404).end("hush"),
    "/empty": (_, response) => response.end(),
    "/large": (_, response) => response.writeHead(200, { "content-length": maxBytes + 1 }).flushHeaders(),
    "/endless": (_, response) => {
      const go = () =>
        void (response.write(new Uint8Array(2 ** 20)) ? setImmediate(go) : response.once("drain", go));
      go();
    },
    "/broken": (_, response) => {
      response.writeHead(200, { "content-length": audio.length });
      response.write(audio.subarray(1), () => response.destroy());
    },
    "/waiting": (_, response) => void response.write(audio),
    "/hidden": (_, response) => response.writeHead(302, { location: hidden.url }).end(),
    "/named": (_, response) =>
      response.setHeader("content-disposition", "attachment; filename*=UTF-8''..%2Fs%c3%b6ng.wav").end(audio),
  };
  const server = await startFileServer((request, response) => {
    const answer = answers[request.url ?? ""];
    if (answer === undefined) response.setHeader("content-type", "audio/wav").end(audio);
    else answer(request, response);
  });
  const hidden = await startFileServer((_, response) => response.end(audio), "127.0.0.2");
  afterAll(() => {
    server.close();
    hidden.close();
  });

  const post = (body: Json, init: RequestInit = {}) =>
    service.call("/uploads", {
      method: "POST",
      body: typeof body === "string" ? body : JSON.stringify(body),
      headers: { "content-type": "application/json" },
      ...init,
    });

  /** The upload that is made of a URL, read back by its own position. */
  const fetched = async (path: string, more: Json = { process: { analysis: false } }) => {
    const response = await post({ url: server.url + path, ...more });
    assert.strictEqual(response.status, 202, response.ok ? "" : await response.text());
    const { id, position } = await response.json();
    return service.json(`/uploads/${id}?after=${position}`);
  };

  describe("an upload from a URL", () => {
    it("is answered when it has been fetched, and is like any other", async () => {
      const response = await post({
        url: `${server.url}/tone.wav?signature=hush-hush`,
        process: { outputs: [{ format: "mp3" }] },
        metadata: { take: 3 },
        userId: "ann",
        sessionId: "session one",
      });
      assert.strictEqual(response.status, 202);
      const { id, status, position, links } = await response.json();
      assert.strictEqual(status, "received");
      assert.isAbove(position, 0);
      assert.strictEqual(response.headers.get("location"), `/api/v1/uploads/${id}`);
      const { conversions, analysis, ...shown } = await settled(service, id);
      assert.containsSubset(shown, {
        id,
        status: "ready",
        userId: "ann",
        sessionId: "session one",
        filename: "tone.wav",
        sizeBytes: audio.length,
        sha256,
        metadata: { take: 3 },
        links,
      });
      assert.deepStrictEqual([conversions[0].status, analysis.status], ["completed", "completed"]);
      const content = await service.call(`/uploads/${id}/content`);
      assert.deepStrictEqual(new Uint8Array(await content.arrayBuffer()), audio);
      const files = (await filesBelow(service.dataDirectory)).filter((path) => path.includes(id));
      assert.include(files, `blobs/default/ann/audio/${id}/original.wav`);
      assert.include(service.output(), `${server.url}/tone.wav`);
      assert.notInclude(service.output(), "hush-hush");
    });

    it.each([
      ["the request gives", "/named", { filename: "../my song.mp3" }, "my song.mp3"],
      ["the server gives", "/named", {}, "söng.wav"],
      ["the URL has", "/a%20t%C3%B6ne.wav", {}, "a töne.wav"],
      ["stands for none", "/", {}, "audio"],
    ])("is named as %s", async (_, path, more, filename) => {
      const shown = await fetched(path, { process: { analysis: false }, ...more });
      assert.strictEqual(shown.filename, filename);
    });

    it.each<readonly [string, Json, string | undefined]>([
      ["no JSON", "{", undefined],
      ["a list", [], undefined],
      ["deep nesting", "[".repeat(100_000), undefined],
      ["a long string", JSON.stringify("x".repeat(2_000_000)), undefined],
      ["a string full of quotes that does not end", `"${'\\"'.repeat(1_000_000)}`, undefined],
      ["no URL", {}, "url"],
      ["a URL that is a number", { url: 1 }, "url"],
      ["an unknown parameter", { url: server.url, colour: "blue" }, "colour"],
      ["an unknown wish", { url: server.url, process: { outputz: [] } }, "process.outputz"],
      [
        "an unknown format",
        { url: server.url, process: { outputs: [{ format: "exe" }] } },
        "process.outputs[0].format",
      ],
      ["metadata that is no object", { url: server.url, metadata: [] }, "metadata"],
      ["a user that is a path", { url: server.url, userId: "../ann" }, "userId"],
      ["a session of 200 characters", { url: server.url, sessionId: "s".repeat(200) }, "sessionId"],
      ["a file name that is none", { url: server.url, filename: null }, "filename"],
    ])("is refused for %s, before anything is fetched", async (_, body, field) => {
      const before = server.connections();
      await assertProblem(await post(body), "INVALID_PARAMETER", field === undefined ? {} : { field });
      assert.strictEqual(server.connections(), before);
    });

    it("is refused where the request is larger than others may be", async () => {
      await assertProblem(
        await post({ url: server.url, metadata: "x".repeat(2 ** 21) }),
        "REQUEST_TOO_LARGE",
      );
    });

    it.each(
      [
        ["/gone", "URL_FAILED"],
        ["/broken", "URL_FAILED"],
        ["/large", "UPLOAD_TOO_LARGE"],
        ["/endless", "UPLOAD_TOO_LARGE"],
        ["/hidden", "URL_NOT_ALLOWED"],
      ] as const,
    )("of %s is refused with %s, and nothing is kept or left open", async (path, code) => {
      const { detail } = await assertProblem(await post({ url: server.url + path, userId: "refused" }), code);
      assert.notInclude(detail, "hush");
      await nothingKept("refused");
    });

    it("of no bytes is refused", async () => {
      const response = await post({ url: `${server.url}/empty`, userId: "refused" });
      await assertProblem(response, "EMPTY_AUDIO", { stage: "receive" });
      await nothingKept("refused");
    });

    it("is refused in the same words for whatever must not be reached", async () => {
      const urls = [
        `${server.url}/hidden`,
        hidden.url,
        hidden.url.replace("127.0.0.2", "[::ffff:127.0.0.2]"),
        hidden.url.replace("127.0.0.2", "2130706434"),
        "http://127.0.0.2:1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://127.0.0.1:22/",
        `http://user:password@127.0.0.1:${server.port}/`,
        "file:///etc/passwd",
        "not a URL",
        `${server.url}/${"x".repeat(2_048)}`,
      ];
      const details = await Promise.all(urls.map(async (url) => {
        const { detail } = await assertProblem(await post({ url }), "URL_NOT_ALLOWED");
        return detail;
      }));
      assert.strictEqual(new Set(details).size, 1);
      assert.strictEqual(hidden.connections(), 0);
    });

    it("is given up when the client goes away", async () => {
      const client = new AbortController();
      const response = post({ url: `${server.url}/waiting`, userId: "gone" }, { signal: client.signal });
      response.catch(() => {});
      await eventually(
        async () =>
          server.open() > 0 && (await filesBelow(join(service.dataDirectory, "blobs", ".tmp"))).length > 0,
        (isUnderWay) => isUnderWay,
      );
      client.abort();
      await nothingKept("gone");
    });

    /** Nothing of a user is stored, nothing is being written, and nobody is connected to the server. */
    const nothingKept = async (userId: string) => {
      await eventually(() => Promise.resolve(server.open()), (open) => open === 0);
      const kept = async () =>
        (await filesBelow(service.dataDirectory)).filter((path) =>
          path.includes(`/${userId}/`) || /\.tmp/.test(path)
        );
      await eventually(kept, ({ length }) => length === 0);
      assert.deepStrictEqual((await service.json(`/uploads?userId=${userId}`)).items, []);
    };
  });
};
