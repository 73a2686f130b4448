import { assert, beforeAll, describe, it } from "@effect/vitest";
import { createHash } from "node:crypto";
import { sine, wav } from "../../support/Audio.ts";
import { assertProblem } from "../../support/Problems.ts";
import { eventually, type RunningService } from "../../support/RunningService.ts";

const audio = new Uint8Array(wav(sine({ seconds: 0.3, frequency: 523 })));
const size = audio.length;
const etag = `"${createHash("sha256").update(audio).digest("hex")}"`;

/** How the original comes back. */
export const reading = (service: RunningService): void => {
  let path = "";
  const get = (headers: Record<string, string> = {}, method = "GET") =>
    service.call(path, { method, headers });
  const bytesOf = async (response: Response) => new Uint8Array(await response.arrayBuffer());

  describe("reading the original", () => {
    beforeAll(async () => {
      const { id } = await service.json("/uploads?process=%7B%22analysis%22:false%7D", {
        method: "POST",
        body: audio,
        headers: { "x-filename": encodeURIComponent('a "b" ü.wav') },
      });
      await eventually(() => service.json(`/uploads/${id}`), ({ status }) => status === "ready");
      path = `/uploads/${id}/content`;
    });

    const headers = {
      "accept-ranges": "bytes",
      "cache-control": "private, no-cache",
      "content-disposition": `attachment; filename="a _b_ _.wav"; filename*=UTF-8''a%20%22b%22%20%C3%BC.wav`,
      "content-length": String(size),
      "content-type": "audio/wav",
      "etag": etag,
      "x-content-type-options": "nosniff",
    };

    it("gives the bytes as they came in, as an attachment", async () => {
      const response = await get();
      assert.strictEqual(response.status, 200);
      assert.containsSubset(Object.fromEntries(response.headers), headers);
      assert.deepStrictEqual(await bytesOf(response), audio);
    });

    it("gives the same head without the body", async () => {
      const response = await get({}, "HEAD");
      assert.strictEqual(response.status, 200);
      assert.containsSubset(Object.fromEntries(response.headers), headers);
      assert.strictEqual((await bytesOf(response)).length, 0);
    });

    it.each([
      ["bytes=0-3", 0, 4],
      ["bytes=100-", 100, size],
      ["bytes=-5", size - 5, size],
      [`bytes=-${size + 1}`, 0, size],
      ["bytes=7-7", 7, 8],
      [`bytes=${size - 1}-${size + 1_000}`, size - 1, size],
    ])("gives the range %s", async (range, start, end) => {
      const response = await get({ range });
      assert.strictEqual(response.status, 206);
      assert.containsSubset(Object.fromEntries(response.headers), {
        ...headers,
        "content-length": String(end - start),
        "content-range": `bytes ${start}-${end - 1}/${size}`,
      });
      assert.deepStrictEqual(await bytesOf(response), audio.slice(start, end));
    });

    it.each(["bytes=0-1,5-6", "bytes=9-2", "bytes=-", "bytes=a-b", "words=0-1", "0-1"])(
      "gives everything for the range %s",
      async (range) => {
        const response = await get({ range });
        assert.strictEqual(response.status, 200);
        assert.notProperty(Object.fromEntries(response.headers), "content-range");
        assert.strictEqual((await bytesOf(response)).length, size);
      },
    );

    it.each([`bytes=${size}-`, `bytes=${size + 5}-${size + 9}`, "bytes=-0"])(
      "refuses the range %s, and says how much there is",
      async (range) => {
        const response = await get({ range });
        assert.strictEqual(response.headers.get("content-range"), `bytes */${size}`);
        await assertProblem(response, "RANGE_NOT_SATISFIABLE");
      },
    );

    it.each([etag, `W/${etag}`, `"other", ${etag}`, "*"])(
      "says that nothing has changed since %s",
      async (tag) => {
        const response = await get({ "if-none-match": tag, "range": "bytes=0-3" });
        assert.strictEqual(response.status, 304);
        assert.strictEqual(response.headers.get("etag"), etag);
        assert.strictEqual((await bytesOf(response)).length, 0);
      },
    );

    it("gives everything to those who have another version", async () => {
      const response = await get({ "if-none-match": '"other"' });
      assert.strictEqual(response.status, 200);
      assert.strictEqual((await bytesOf(response)).length, size);
    });

    it.each([[etag, 206], ['"other"', 200], [`W/${etag}`, 200], [new Date(0).toUTCString(), 200]])(
      "gives a range of the version %s by status %s",
      async (tag, status) => {
        const response = await get({ "if-range": tag, "range": "bytes=0-3" });
        assert.strictEqual(response.status, status);
        assert.strictEqual((await bytesOf(response)).length, status === 206 ? 4 : size);
      },
    );
  });
};
