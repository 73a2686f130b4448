import { NodeStream } from "@effect/platform-node";
import { Clock, Effect, Layer, Stream } from "effect";
import { lookup } from "node:dns/promises";
import type { IncomingMessage } from "node:http";
import { type RemoteFile, RemoteFileError, RemoteFiles } from "../../services/RemoteFiles.ts";
import { addressRules } from "./AddressRules.ts";
import type { Network } from "./Network.ts";
import { remoteName } from "./RemoteName.ts";
import { failed, notAllowed, requestRemote, type Route } from "./RemoteRequest.ts";
import { hostOf, readUrl, shownUrl } from "./RemoteUrl.ts";

/** How long the other side may take, in seconds. */
export interface RemotePatience {
  /** To be found, connected to and to begin its answer, at each URL on the way: whoever serves files does so at once. */
  readonly answerSeconds: number;
  /** Between two pieces: a connection on which nothing comes for so long is dead more often than slow. */
  readonly pauseSeconds: number;
  /** For everything: the client waits for as long, and 2 GiB come in this time at 30 Mbit/s. */
  readonly totalSeconds: number;
}

const patience: RemotePatience = { answerSeconds: 10, pauseSeconds: 20, totalSeconds: 600 };

/** How many redirects are followed: enough for a short link to a mirror behind a gate. */
const maxRedirects = 5;

const redirects = new Set([301, 302, 303, 307, 308]);

/** What may be fetched, and from where; all but `networks` is for tests. */
export interface RemoteOptions extends Partial<Pick<Route, "resolve" | "ca">> {
  /** Addresses that are allowed although they are not public. */
  readonly networks: ReadonlyArray<Network>;
  readonly patience?: RemotePatience;
}

/** The port `RemoteFiles` over HTTP. Every URL on the way to the file is held to the same rules. */
export const layer = (options: RemoteOptions): Layer.Layer<RemoteFiles> =>
  Layer.succeed(RemoteFiles, { open: opener(options) });

const opener = ({ networks, resolve, ca, patience: given }: RemoteOptions) => {
  const route: Route = {
    resolve: resolve ?? ((name) => lookup(name, { all: true })),
    isAllowed: addressRules(networks),
    ca,
  };
  const { answerSeconds, pauseSeconds, totalSeconds } = given ?? patience;

  const ask = (url: URL, count: number) =>
    requestRemote(url, route).pipe(
      Effect.timeoutOrElse({
        duration: `${answerSeconds} seconds`,
        orElse: () => Effect.fail(failed(`The server did not answer within ${answerSeconds} s`)),
      }),
      Effect.tap(({ statusCode, socket }) =>
        Effect.annotateCurrentSpan({
          "http.response.status_code": statusCode,
          "network.peer.address": socket.remoteAddress,
        })
      ),
      Effect.withSpan("GET", {
        kind: "client",
        attributes: {
          "http.request.method": "GET",
          "url.full": shownUrl(url),
          "server.address": hostOf(url),
          "server.port": Number(url.port || (url.protocol === "https:" ? 443 : 80)),
          ...(count > 0 && { "http.request.resend_count": count }),
        },
      }),
    );

  const follow = Effect.fnUntraced(function* (first: URL) {
    let url = first;
    for (let count = 0; count <= maxRedirects; count++) {
      const answer = yield* ask(url, count);
      const { statusCode = 0, headers: { location } } = answer;
      if (!redirects.has(statusCode) || location === undefined) return { url, answer };
      answer.destroy();
      const next = readUrl(location, url);
      if (next === null || (url.protocol === "https:" && next.protocol === "http:")) {
        return yield* notAllowed("It redirects to a URL that is not fetched");
      }
      url = next;
    }
    return yield* failed(`The server redirects more than ${maxRedirects} times`);
  });

  return Effect.fnUntraced(function* (text: string) {
    const endsAt = (yield* Clock.currentTimeMillis) + totalSeconds * 1_000;
    const first = readUrl(text);
    if (first === null) return yield* notAllowed("It is no URL that is fetched");
    const told = (error: RemoteFileError) =>
      Effect.logInfo(`A file was not fetched: ${error.message}`, { url: shownUrl(first) });
    const { url, answer } = yield* follow(first).pipe(
      Effect.tap(({ answer }) => judge(answer)),
      Effect.tapError(told),
    );
    yield* Effect.logInfo("A file is fetched", { url: shownUrl(first) });
    const left = endsAt - (yield* Clock.currentTimeMillis);
    const content = bytesOf(answer).pipe(
      Stream.timeoutOrElse({
        duration: `${pauseSeconds} seconds`,
        orElse: () => Stream.fail(failed(`Nothing of the file arrived for ${pauseSeconds} s`)),
      }),
      Stream.interruptWhen(
        Effect.andThen(Effect.sleep(left), failed(`The file took longer than ${totalSeconds} s`)),
      ),
      Stream.tapError(told),
    );
    const { "content-type": contentType, "content-disposition": disposition, "content-length": length } =
      answer.headers;
    return {
      contentType: contentType ?? null,
      name: remoteName(disposition, url),
      sizeBytes: length === undefined ? null : Number(length),
      content,
    } satisfies RemoteFile;
  });
};

/** Fails unless the answer is the file as it is. */
const judge = ({ statusCode, headers }: IncomingMessage): Effect.Effect<void, RemoteFileError> => {
  if (statusCode !== 200) return Effect.fail(failed(`The server answered ${statusCode}`));
  const encoding = headers["content-encoding"] ?? "identity";
  return encoding.toLowerCase() === "identity"
    ? Effect.void
    : Effect.fail(failed("The server sends the file compressed although it was asked not to"));
};

const bytesOf = (answer: IncomingMessage): Stream.Stream<Uint8Array, RemoteFileError> =>
  NodeStream.fromReadable<Uint8Array, RemoteFileError>({
    evaluate: () => answer,
    onError: () => failed("The connection broke before the end of the file"),
  });
