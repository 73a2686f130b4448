import { assert } from "@effect/vitest";
import { Effect } from "effect";
import { Buffer } from "node:buffer";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { buffer } from "node:stream/consumers";

const bytesOf = (content: ArrayBuffer): Buffer => Buffer.from(content);

/** What a request of the adapter says. */
const said = async (request: IncomingMessage) => {
  const form = await new Response(new Uint8Array(await buffer(request)), {
    headers: { "content-type": request.headers["content-type"] ?? "" },
  }).formData();
  const file = form.get("file");
  const { authorization } = request.headers;
  return {
    call: `${request.method} ${request.url}`,
    ...(authorization !== undefined && { authorization }),
    fields: Object.fromEntries([...form].filter(([name]) => name !== "file")),
    file: file instanceof File
      ? { name: file.name, type: file.type, bytes: bytesOf(await file.arrayBuffer()) }
      : assert.fail("There is no file"),
  };
};

type Said = Awaited<ReturnType<typeof said>>;
/** Answers a request, by its number from 1 on. */
export type Answering = (response: ServerResponse, count: number) => void;

/** A service with OpenAI's interface that answers as it is told, until the scope closes; it remembers its requests. */
export const serve = (answer: Answering) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const requests: Array<Said> = [];
      const server = createServer(async (request, response) => {
        requests.push(await said(request));
        answer(response, requests.length);
      }).listen(0, "127.0.0.1");
      await once(server, "listening");
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      return { server, requests, url: `http://127.0.0.1:${port}/v1` };
    }),
    ({ server }) =>
      Effect.sync(() => {
        server.closeAllConnections();
        server.close();
      }),
  );

/** Answers with JSON. */
export const json = (response: ServerResponse, body: unknown) =>
  response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));

/** What such a service answers to one second of speech. */
export const verbose = (text: string, language = "english") => ({
  task: "transcribe",
  language,
  duration: 1,
  text,
  segments: [{ id: 0, start: 0.25, end: 0.75, text, tokens: [50364], avg_logprob: Math.log(0.8) }],
});
