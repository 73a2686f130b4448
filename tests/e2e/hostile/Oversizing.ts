import { assert, describe, it } from "@effect/vitest";
import { Buffer } from "node:buffer";
import { connect } from "node:net";
import { sine, wav } from "../../support/Audio.ts";
import { filesBelow } from "../../support/Files.ts";
import { assertProblem } from "../../support/Problems.ts";
import { eventually, type RunningService, settled, upload } from "../../support/RunningService.ts";

const mebibyte = 1024 ** 2;
const formType = "multipart/form-data; boundary=x";
const partHead = `--x\r\ncontent-disposition: form-data; name="file"; filename="a.wav"\r\n\r\n`;

/** Requests that are larger, or longer under way, than they should be. */
export const oversizing = (service: RunningService, maxBytes: number): void => {
  const { hostname, port } = new URL(service.url);

  /** The files of requests that are under way, or were left behind. */
  const pending = async () =>
    (await filesBelow(service.dataDirectory)).filter((path) => /^blobs\/\.tmp\/|^work\/.*\/body$/.test(path));

  const originals = async () =>
    (await filesBelow(`${service.dataDirectory}/blobs`)).filter((path) => path.includes("/original."));

  /** A body of a size, as a form or as it is; when it is streamed its length is not announced. */
  const bodyOf = (size: number, isForm: boolean, isStreamed: boolean): RequestInit => {
    const parts = isForm
      ? [Buffer.from(partHead), Buffer.alloc(size), Buffer.from("\r\n--x--\r\n")]
      : [Buffer.alloc(size)];
    const body = new Uint8Array(Buffer.concat(parts));
    const headers: Record<string, string> = isForm ? { "content-type": formType } : {};
    let sent = 0;
    const stream = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        if (sent >= body.length) return controller.close();
        controller.enqueue(body.subarray(sent, sent += 65_536));
      },
    });
    return { method: "POST", body: isStreamed ? stream : body, headers };
  };

  describe("a request that is too large", () => {
    const ways = [1, 2 * mebibyte].flatMap((excess) =>
      [false, true].flatMap((isForm) => [false, true].map((isStreamed) => ({ excess, isForm, isStreamed })))
    );
    it.each(ways)("is refused, and leaves nothing: %j", async ({ excess, isForm, isStreamed }) => {
      const before = await originals();
      const response = await service.call("/uploads", bodyOf(maxBytes + excess, isForm, isStreamed));
      await assertProblem(response, "UPLOAD_TOO_LARGE");
      await eventually(pending, ({ length }) => length === 0);
      assert.deepStrictEqual(await originals(), before);
    });

    it("is taken when it is just as large as is allowed", async () => {
      for (const isForm of [false, true]) {
        const { id } = await service.json("/uploads", bodyOf(maxBytes, isForm, true));
        assert.strictEqual((await settled(service, id)).sizeBytes, maxBytes);
      }
    });

    it("is refused when it is a form of 10,000 parts", async () => {
      const part = `--x\r\ncontent-disposition: form-data; name="userId"\r\n\r\nann\r\n`;
      const init = {
        method: "POST",
        body: `${part.repeat(10_000)}--x--\r\n`,
        headers: { "content-type": formType },
      };
      await assertProblem(await service.call("/uploads", init), "MALFORMED_REQUEST");
    });

    it.each([
      ["a header of a megabyte", `x-long: ${"x".repeat(mebibyte)}\r\n`],
      ["20,000 headers", Array.from({ length: 20_000 }, (_, i) => `x-${i}: 1\r\n`).join("")],
      ["an address of a megabyte", mebibyte],
    ])("is refused when it has %s", async (_, bomb) => {
      const socket = connect(Number(port), hostname);
      const [path, headers] = typeof bomb === "number" ? ["x".repeat(bomb), ""] : ["", bomb];
      let answer = "";
      socket.on("data", (chunk) => answer += chunk);
      // The service may hang up before everything has been sent.
      socket.on("error", () => {});
      socket.write(`GET /healthz${path} HTTP/1.1\r\nhost: x\r\n${headers}\r\n`);
      await new Promise((resolve) => socket.once("close", resolve));
      assert.notMatch(answer, /^HTTP\/1\.1 (?:2|5)/);
      assert.strictEqual((await fetch(`${service.url}/healthz`)).status, 200);
    });
  });

  describe("a client that goes away in the middle", () => {
    const head = (type: string) =>
      [
        "POST /api/v1/uploads HTTP/1.1",
        `host: ${hostname}`,
        `authorization: Bearer ${service.key}`,
        `content-type: ${type}`,
        `content-length: ${4 * mebibyte}`,
        "\r\n",
      ].join("\r\n");

    it.each([["a raw body", head("audio/wav")], ["a form", head(formType) + partHead]])(
      "of %s leaves nothing",
      async (_, start) => {
        const before = await originals();
        const socket = connect(Number(port), hostname);
        socket.write(start);
        socket.write(Buffer.alloc(mebibyte));
        await eventually(pending, ({ length }) => length === 1);
        socket.destroy();
        await eventually(pending, ({ length }) => length === 0);
        assert.deepStrictEqual(await originals(), before);
        // The next one is served as ever.
        const { id } = await upload(service, new Uint8Array(wav(sine())), { process: { analysis: false } });
        await eventually(() => service.json(`/uploads/${id}`), ({ status }) => status === "ready");
      },
    );
  });
};
