import { Effect, type Scope } from "effect";
import type { LookupAddress } from "node:dns";
import { Agent, type ClientRequest, type IncomingMessage, request as httpRequest } from "node:http";
import { Agent as TlsAgent, request as httpsRequest } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import { RemoteFileError } from "../../services/RemoteFiles.ts";
import { hostOf } from "./RemoteUrl.ts";

/** How a request finds its way. */
export interface Route {
  /** All addresses of a name. */
  readonly resolve: (name: string) => Promise<ReadonlyArray<LookupAddress>>;
  readonly isAllowed: (address: string) => boolean;
  /** The certificates that are trusted, as PEM; the usual ones if not given. */
  readonly ca?: string | undefined;
}

/** The failure of the other side. */
export const failed = (detail: string): RemoteFileError => new RemoteFileError({ reason: "Failed", detail });

/** The refusal of the service; the detail is for the log. */
export const notAllowed = (detail: string): RemoteFileError =>
  new RemoteFileError({ reason: "NotAllowed", detail });

/**
 * Sends a GET, and answers with the head of the answer; the connection ends with the scope. The name is resolved once, and every address
 * of it must be allowed; only these are dialled, so that a name gains nothing by another answer later. TLS is verified by the name.
 */
export const requestRemote = Effect.fnUntraced(function* (
  url: URL,
  route: Route,
): Effect.fn.Return<IncomingMessage, RemoteFileError, Scope.Scope> {
  const addresses = yield* addressesOf(hostOf(url), route);
  const refused = addresses.find(({ address }) => !route.isAllowed(address));
  if (refused !== undefined) return yield* notAllowed(`${refused.address} is not a public address`);
  const request = yield* Effect.acquireRelease(
    Effect.sync(() => dial(url, addresses, route.ca)),
    (request) => Effect.sync(() => request.destroy()),
  );
  return yield* answerTo(request, route.isAllowed);
});

const addressesOf = (host: string, { resolve }: Route) => {
  const family = isIP(host);
  if (family !== 0) return Effect.succeed<ReadonlyArray<LookupAddress>>([{ address: host, family }]);
  return Effect.tryPromise({ try: () => resolve(host), catch: () => failed("The host's name is not known") })
    .pipe(
      Effect.filterOrFail(({ length }) => length > 0, () => failed("The host's name has no address")),
    );
};

/** Begins a request, of which nothing is sent until it is ended. */
const dial = (url: URL, addresses: ReadonlyArray<LookupAddress>, ca: string | undefined): ClientRequest => {
  const [first] = addresses;
  const lookup: LookupFunction = (_, { all }, found) =>
    all ? found(null, [...addresses]) : found(null, first?.address ?? "", first?.family);
  const headers = { accept: "*/*", "accept-encoding": "identity", "user-agent": "tapedeck" };
  // No connection is used again, and no proxy that the environment names, which would look for the name by itself.
  const direct = { keepAlive: false, proxyEnv: {} };
  const request = url.protocol === "https:"
    ? httpsRequest(url, { agent: new TlsAgent(direct), headers, lookup, ...(ca !== undefined && { ca }) })
    : httpRequest(url, { agent: new Agent(direct), headers, lookup });
  // What is destroyed unheard fails as well, and would take the process with it.
  return request.on("error", () => {});
};

const answerTo = (request: ClientRequest, isAllowed: (address: string) => boolean) =>
  Effect.callback<IncomingMessage, RemoteFileError>((resume) => {
    // Not once: a broken connection may say so twice.
    request.on("error", (error) => resume(Effect.fail(failed(`The connection failed${codeOf(error)}`))));
    request.once("socket", (socket) => {
      const isSecure = "encrypted" in socket;
      socket.once("connect", () => {
        const address = socket.remoteAddress ?? "";
        if (!isAllowed(address)) {
          resume(Effect.fail(notAllowed(`The connection went to ${address}`)));
          request.destroy();
        } else if (!isSecure) request.end();
      });
      // Emitted when the certificate has been verified.
      socket.once("secureConnect", () => request.end());
    });
    request.once("upgrade", (_, socket) => {
      socket.destroy();
      resume(Effect.fail(failed("The server answered 101")));
    });
    request.once("response", (answer) => {
      // Whoever reads it hears of it; nobody else need.
      answer.on("error", () => {});
      resume(Effect.succeed(answer));
    });
  });

/** The system's or the TLS library's name of what went wrong; nothing that the server has sent. */
const codeOf = (error: Error): string =>
  "code" in error && typeof error.code === "string" && /^[A-Z0-9_]+$/.test(error.code)
    ? ` (${error.code})`
    : "";
