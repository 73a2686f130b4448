import { assert, describe, it } from "@effect/vitest";
import { Deferred, Effect, Fiber, References, Stream, Tracer } from "effect";
import { Buffer } from "node:buffer";
import type { RequestListener } from "node:http";
import { gzipSync } from "node:zlib";
import * as HttpRemoteFiles from "../../../infra/remote/HttpRemoteFiles.ts";
import { readNetworks } from "../../../infra/remote/Network.ts";
import { RemoteFiles } from "../../../services/RemoteFiles.ts";
import { startFileServer, startTlsFileServer } from "../../support/FileServer.ts";
import { freePort } from "../../support/RunningService.ts";
import { certificate } from "./Certificate.ts";

const scoped = (start: () => ReturnType<typeof startFileServer>) =>
  Effect.acquireRelease(Effect.promise(start), ({ close }) => Effect.sync(close));

const serve = (answer: RequestListener, host?: string) => scoped(() => startFileServer(answer, host));

/** Addresses of the loopback network of which one is allowed. */
const [mine, other] = ["127.0.0.1", "127.0.0.2"];
const networks = readNetworks(`${mine}/32`) ?? [];

type Options = Partial<HttpRemoteFiles.RemoteOptions>;

const fetchFile = Effect.fnUntraced(
  function* (url: string, options: Options = {}) {
    const { content, ...head } = yield* RemoteFiles.use(({ open }) => open(url)).pipe(
      Effect.provide(HttpRemoteFiles.layer({ networks, ...options })),
    );
    return { ...head, bytes: Buffer.concat(yield* Stream.runCollect(content)) };
  },
  Effect.scoped,
  Effect.provideService(References.MinimumLogLevel, "None"),
);

const errorOf = (url: string, options: Options = {}) => Effect.flip(fetchFile(url, options));

const isNotAllowed = Effect.fnUntraced(function* (url: string, options: Options = {}) {
  const { reason, detail } = yield* errorOf(url, options);
  assert.strictEqual(reason, "NotAllowed", detail);
});

const hasFailed = Effect.fnUntraced(function* (expected: RegExp, url: string, options: Options = {}) {
  const { reason, detail } = yield* errorOf(url, options);
  assert.strictEqual(reason, "Failed", detail);
  assert.match(detail, expected);
});

/** A resolver that gives each of the addresses in turn, and remembers for what it was asked. */
const resolver = (...answers: ReadonlyArray<ReadonlyArray<string>>) => {
  const asked: Array<string> = [];
  const resolve = (name: string) => {
    const addresses = answers[Math.min(asked.length, answers.length - 1)] ?? [];
    asked.push(name);
    return Promise.resolve(addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 })));
  };
  return { asked, resolve };
};

const file: RequestListener = (_, response) => response.end("la la la");
const redirectTo = (location: string, status = 302): RequestListener => (_, response) =>
  response.writeHead(status, { location }).end("elsewhere");

describe("a file of another server", () => {
  it.live("comes with what the server tells of it", () =>
    Effect.gen(function* () {
      const { url, requests } = yield* serve((_, response) =>
        response.writeHead(200, {
          "content-type": "audio/wav",
          "content-length": 8,
          "content-disposition": 'attachment; filename="song.wav"',
        }).end("la la la")
      );
      assert.deepStrictEqual(yield* fetchFile(`${url}/x?signature=hush`), {
        contentType: "audio/wav",
        name: "song.wav",
        sizeBytes: 8,
        bytes: Buffer.from("la la la"),
      });
      const [request] = requests;
      assert.deepStrictEqual([request?.method, request?.url], ["GET", "/x?signature=hush"]);
      assert.deepStrictEqual(request?.headers, {
        accept: "*/*",
        "accept-encoding": "identity",
        "user-agent": "tapedeck",
        host: new URL(url).host,
        connection: "close",
      });
    }));

  it.live("comes whole where its server tells nothing of it", () =>
    Effect.gen(function* () {
      const bytes = Buffer.alloc(3_000_000, "tape");
      const { url } = yield* serve((_, response) => {
        response.write(bytes.subarray(0, 1_000_000));
        response.end(bytes.subarray(1_000_000));
      });
      const fetched = yield* fetchFile(`${url}/a%20song.mp3`);
      assert.deepInclude(fetched, { contentType: null, name: "a song.mp3", sizeBytes: null });
      assert.isTrue(fetched.bytes.equals(bytes));
    }));

  it.live("is fetched no faster than it is read", () =>
    Effect.gen(function* () {
      let sent = 0;
      const { url } = yield* serve((_, response) => {
        const go = () => {
          sent += 2 ** 20;
          void (response.write(Buffer.alloc(2 ** 20)) ? setImmediate(go) : response.once("drain", go));
        };
        go();
      });
      const { open } = yield* Effect.provide(RemoteFiles, HttpRemoteFiles.layer({ networks }));
      const { content } = yield* open(url);
      const [first] = yield* Stream.runCollect(Stream.take(content, 1));
      assert.isAbove(first?.length ?? 0, 0);
      // What the buffers of two sockets hold.
      assert.isBelow(sent, 64 * 2 ** 20);
    }));

  it.live.each([301, 302, 303, 307, 308])(
    "is found behind a redirect of status %i",
    (status) =>
      Effect.gen(function* () {
        const { url, requests } = yield* serve((request, response) =>
          request.url === "/from" ? redirectTo("to.wav", status)(request, response) : file(request, response)
        );
        assert.deepInclude(yield* fetchFile(`${url}/from`), {
          name: "to.wav",
          bytes: Buffer.from("la la la"),
        });
        assert.deepStrictEqual(requests.map(({ url }) => url), ["/from", "/to.wav"]);
      }),
  );

  it.live("is found behind five redirects, and not behind six", () =>
    Effect.gen(function* () {
      const { url, requests } = yield* serve((request, response) => {
        const left = Number(request.url?.slice(1));
        (left === 0 ? file : redirectTo(`/${left - 1}`))(request, response);
      });
      yield* fetchFile(`${url}/5`);
      assert.lengthOf(requests, 6);
      yield* hasFailed(/redirects more than 5 times/, `${url}/6`);
      assert.lengthOf(requests, 12);
    }));

  it.live("is fetched by its name, from the next address where one does not answer", () =>
    Effect.gen(function* () {
      const { port, requests } = yield* serve(file);
      const { resolve, asked } = resolver(["127.0.0.3", mine]);
      const networks = readNetworks("127.0.0.1/32,127.0.0.3/32") ?? [];
      yield* fetchFile(`http://media.test:${port}/`, { resolve, networks });
      assert.deepStrictEqual(asked, ["media.test"]);
      assert.strictEqual(requests[0]?.headers.host, `media.test:${port}`);
    }));

  it.live("is a span for each request, without what may be a secret", () =>
    Effect.gen(function* () {
      const { url, port } = yield* serve((request, response) =>
        request.url?.startsWith("/from")
          ? redirectTo("/to.wav?signature=hush")(request, response)
          : file(request, response)
      );
      const spans: Array<Tracer.NativeSpan> = [];
      const tracer = Tracer.make({
        span: (options) => {
          const span = new Tracer.NativeSpan(options);
          spans.push(span);
          return span;
        },
      });
      yield* Effect.provideService(fetchFile(`${url}/from?signature=hush#hush`), Tracer.Tracer, tracer);
      const common = {
        "http.request.method": "GET",
        "server.address": mine,
        "server.port": port,
        "network.peer.address": mine,
      };
      assert.deepStrictEqual(
        spans.map(({ name, kind, attributes }) => [name, kind, Object.fromEntries(attributes)]),
        [
          ["GET", "client", { ...common, "url.full": `${url}/from`, "http.response.status_code": 302 }],
          ["GET", "client", {
            ...common,
            "url.full": `${url}/to.wav`,
            "http.request.resend_count": 1,
            "http.response.status_code": 200,
          }],
        ],
      );
    }));

  it.live("ends with its scope, read or not", () =>
    Effect.gen(function* () {
      const { url, open } = yield* serve((_, response) => response.write("la"));
      const { open: openFile } = yield* Effect.provide(RemoteFiles, HttpRemoteFiles.layer({ networks }));
      yield* Effect.scoped(openFile(url));
      yield* closed(open);
      const reading = yield* Deferred.make<void>();
      const fiber = yield* Effect.forkChild(
        Effect.scoped(Effect.flatMap(openFile(url), ({ content }) =>
          Stream.runForEach(content, () =>
            Deferred.succeed(reading, undefined)))),
      );
      yield* Deferred.await(reading);
      assert.strictEqual(open(), 1);
      yield* Fiber.interrupt(fiber);
      yield* closed(open);
    }));
});

const closed = (open: () => number) =>
  Effect.promise(async () => {
    while (open() > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  });

describe("a file that is not allowed", () => {
  it.live("is not dialled, by whatever name", () =>
    Effect.gen(function* () {
      const { port, connections } = yield* serve(file, mine);
      const host = (name: string) => `http://${name}:${port}/`;
      for (
        const name of [
          ...["127.0.0.1", "2130706433", "0x7f.1", "0177.1", "127.1", "[::ffff:127.0.0.1]", "[::1]"],
          ...["localhost", "LOCALHOST", "[64:ff9b::127.0.0.1]", "user:password@127.0.0.1"],
        ]
      ) yield* isNotAllowed(host(name), { networks: [] });
      for (const name of ["169.254.169.254", "100.64.0.1", "[fd00:ec2::254]", "0.0.0.0", "[::]"]) {
        yield* isNotAllowed(host(name));
      }
      for (const url of ["file:///etc/passwd", "ftp://127.0.0.1/", "http://127.0.0.1:22/", "x", ""]) {
        yield* isNotAllowed(url);
      }
      assert.strictEqual(connections(), 0);
    }));

  it.live("is not dialled when one of the addresses of its name is not allowed", () =>
    Effect.gen(function* () {
      const { port, connections } = yield* serve(file);
      for (const addresses of [[other], [mine, other], [other, mine], [mine, "::1"], [mine, "nonsense"]]) {
        yield* isNotAllowed(`http://media.test:${port}/`, resolver(addresses));
      }
      assert.strictEqual(connections(), 0);
    }));

  it.live.each(["absolute", "by name", "mapped", "of another protocol", "with credentials"])(
    "is not dialled after a redirect (%s)",
    (kind) =>
      Effect.gen(function* () {
        const hidden = yield* serve(file, other);
        const { url, connections } = yield* serve((request, response) =>
          redirectTo(
            {
              absolute: hidden.url,
              "by name": `http://hidden.test:${hidden.port}/`,
              mapped: `http://[::ffff:${other}]:${hidden.port}/`,
              "of another protocol": "file:///etc/passwd",
              "with credentials": `http://user@${mine}:${hidden.port}/`,
            }[kind] ?? "",
          )(request, response)
        );
        yield* isNotAllowed(url, resolver([other]));
        assert.deepStrictEqual([connections(), hidden.connections()], [1, 0]);
      }),
  );

  it.live("is not dialled when its name changes after it was checked: it is resolved once for each request", () =>
    Effect.gen(function* () {
      const hidden = yield* serve(file, other);
      const rebinding = resolver([mine], [other]);
      // Nobody listens there at the allowed address; a second look at the name would lead to the hidden one.
      yield* hasFailed(/ECONNREFUSED/, `http://media.test:${hidden.port}/`, rebinding);
      assert.deepStrictEqual([rebinding.asked, hidden.connections()], [["media.test"], 0]);

      const { port } = yield* serve(redirectTo(`http://media.test:${hidden.port}/`));
      const again = resolver([mine], [other]);
      yield* isNotAllowed(`http://media.test:${port}/`, again);
      assert.deepStrictEqual([again.asked.length, hidden.connections()], [2, 0]);
    }));
});

describe("a server that does not deliver", () => {
  it.live.each<readonly [string, RegExp, RequestListener]>([
    ["has no such file", /^The server answered 404$/, (_, response) => response.writeHead(404).end("hush")],
    ["sends a part", /^The server answered 206$/, (_, response) => response.writeHead(206).end("hush")],
    ["has nothing", /^The server answered 204$/, (_, response) => response.writeHead(204).end()],
    [
      "is out of order",
      /^The server answered 500$/,
      (_, response) => response.writeHead(500, "hush").end("hush"),
    ],
    ["does not say where", /^The server answered 302$/, (_, response) => response.writeHead(302).end("hush")],
    ["redirects in a circle", /redirects more than 5 times/, redirectTo("/hush")],
    [
      "compresses",
      /compressed/,
      (_, response) => response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync("hush")),
    ],
    ["hangs up", /^The connection failed \(ECONNRESET\)$/, (request) => request.socket.destroy()],
    [
      "does not speak HTTP",
      /^The connection failed/,
      (request) => void request.socket.end("hush hush hush\r\n\r\n"),
    ],
    [
      "changes the protocol",
      /^The server answered 101$/,
      ({ socket }) => void socket.write("HTTP/1.1 101 Hush\r\nupgrade: hush\r\nconnection: upgrade\r\n\r\n"),
    ],
    [
      "breaks off",
      /broke before the end/,
      (_, response) => {
        response.writeHead(200, { "content-length": 100 });
        response.write("hush", () => response.destroy());
      },
    ],
    [
      "breaks off in a stream of chunks",
      /broke before the end/,
      (_, response) => void response.write("hush", () => response.destroy()),
    ],
  ])("because it %s, is told so by its status at most", ([, expected, answer]) =>
    Effect.gen(function* () {
      const { url, open } = yield* serve(answer);
      const error = yield* errorOf(`${url}/hush?hush`);
      assert.strictEqual(error.reason, "Failed");
      assert.match(error.detail, expected);
      assert.notInclude(`${error.stack} ${JSON.stringify(error)}`, "hush");
      yield* closed(open);
    }));

  it.live("cannot be reached, or has a name that nobody knows", () =>
    Effect.gen(function* () {
      const port = yield* Effect.promise(freePort);
      yield* hasFailed(/^The connection failed \(ECONNREFUSED\)$/, `http://127.0.0.1:${port}/`);
      yield* hasFailed(/name/, "http://nothing.invalid/");
      yield* hasFailed(/name/, "http://nothing.test/", resolver([]));
    }));

  it.live("is given up when it does not begin, pauses, or takes too long", () =>
    Effect.gen(function* () {
      const trickle = (milliseconds: number): RequestListener => (_, response) => {
        const timer = setInterval(() => response.write("la"), milliseconds);
        response.once("close", () => clearInterval(timer));
      };
      const patience = { answerSeconds: 20, pauseSeconds: 20, totalSeconds: 20 };
      const silent = yield* serve(() => {});
      yield* hasFailed(/did not answer/, silent.url, { patience: { ...patience, answerSeconds: 0.1 } });
      const begun = yield* serve((_, response) => response.write("la"));
      yield* hasFailed(/^Nothing/, begun.url, { patience: { ...patience, pauseSeconds: 0.1 } });
      const slow = yield* serve(trickle(10));
      yield* hasFailed(/took longer/, slow.url, { patience: { ...patience, totalSeconds: 0.3 } });
      yield* Effect.forEach([silent, begun, slow], ({ open }) => closed(open));
    }));
});

describe("a file over TLS", () => {
  const secure = (answer: RequestListener) => scoped(() => startTlsFileServer(answer, certificate));
  const { resolve } = resolver([mine]);
  const ca = certificate.cert;

  it.live("is fetched by the name of the certificate, and by no other", () =>
    Effect.gen(function* () {
      const { port, requests } = yield* secure(file);
      const { bytes } = yield* fetchFile(`https://media.test:${port}/`, { resolve, ca });
      assert.strictEqual(String(bytes), "la la la");
      yield* hasFailed(/ALTNAME_INVALID/, `https://other.test:${port}/`, { resolve, ca });
      yield* hasFailed(/ALTNAME_INVALID/, `https://127.0.0.1:${port}/`, { resolve, ca });
      yield* hasFailed(/SELF_SIGNED/, `https://media.test:${port}/`, { resolve });
      assert.lengthOf(requests, 1);
    }));

  it.live("is not fetched where it redirects to one without TLS", () =>
    Effect.gen(function* () {
      const plain = yield* serve(file);
      const { port } = yield* secure(redirectTo(plain.url));
      yield* isNotAllowed(`https://media.test:${port}/`, { resolve, ca });
      assert.strictEqual(plain.connections(), 0);
    }));

  it.live("is not fetched from a server without TLS", () =>
    Effect.gen(function* () {
      const { port, requests } = yield* serve(file);
      yield* hasFailed(/^The connection failed/, `https://media.test:${port}/`, { resolve, ca });
      assert.lengthOf(requests, 0);
    }));
});
