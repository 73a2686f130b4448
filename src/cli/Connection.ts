import { Context, Effect, Layer, Option, Redacted, Schema } from "effect";
import { FetchHttpClient, HttpClient, HttpClientError, HttpClientRequest } from "effect/http";
import { HttpApiClient } from "effect/http-api";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { catalogue } from "../../domain/ErrorCode.ts";
import { type OperationError, operationError } from "../../services/OperationError.ts";
import { Api } from "../api/Api.ts";
import { problems } from "../api/Problem.ts";
import { readSettings, type Settings } from "../Settings.ts";
import { CommandFailed } from "./CommandFailed.ts";

const makeClient = (url: string, key: Redacted.Redacted) =>
  HttpApiClient.make(Api, {
    baseUrl: url,
    transformClient: HttpClient.mapRequest(HttpClientRequest.bearerToken(key)),
  });

/** The API of the running service, and how its failures are told. */
export class Connection extends Context.Service<Connection, {
  readonly api: Effect.Success<ReturnType<typeof makeClient>>;
  /** What a failure of a call means to the operator. */
  readonly explain: (error: unknown) => OperationError;
}>()("tapedeck/cli/Connection") {}

/** The address of the running service: TAPEDECK_URL, or that of a service with the same settings on this machine. */
const addressOf = Effect.fnUntraced(function* ({ host, port }: Settings) {
  const given = process.env["TAPEDECK_URL"];
  if (given === undefined || given === "") {
    const local = host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host;
    return `http://${local.includes(":") ? `[${local}]` : local}:${port}`;
  }
  return URL.canParse(given) && /^https?:$/.test(new URL(given).protocol)
    ? given.replace(/\/+$/, "")
    : yield* new CommandFailed({
      status: 1,
      message: "TAPEDECK_URL: give the address of the service, such as https://tapedeck.example.com",
    });
});

/** TAPEDECK_API_KEY, or the key that the service was given, or the one that it keeps in its data directory. */
const keyOf = Effect.fnUntraced(function* ({ bootstrapKey, dataDirectory }: Settings) {
  const given = process.env["TAPEDECK_API_KEY"];
  if (given !== undefined && given !== "") return Redacted.make(given);
  if (bootstrapKey !== null) return bootstrapKey;
  const path = join(dataDirectory, "bootstrap-key");
  const kept = yield* Effect.option(Effect.tryPromise(() => readFile(path, "utf8")));
  return Option.isSome(kept) ? Redacted.make(kept.value.trim()) : yield* new CommandFailed({
    status: 1,
    message:
      `No API key: set TAPEDECK_API_KEY, or TAPEDECK_DATA_DIR to where the service keeps its data (there is no ${path})`,
  });
});

const isProblem = Schema.is(Schema.Union(problems));

const explainAt = (url: string) => (error: unknown): OperationError => {
  if (isProblem(error)) {
    const { code, detail } = error;
    switch (code) {
      case "UNAUTHORIZED":
        return operationError(code, `${url} does not know this API key`, "Set TAPEDECK_API_KEY.");
      case "FORBIDDEN":
        return operationError(code, detail, "Set TAPEDECK_API_KEY to such a key.");
      default:
        // These advices are for who writes requests.
        return operationError(
          code,
          detail,
          /^(NOT_FOUND|INVALID_PARAMETER)$/.test(code) ? "" : catalogue[code].advice,
        );
    }
  }
  if (HttpClientError.isHttpClientError(error) && error.reason._tag === "TransportError") {
    return operationError(
      "UNAVAILABLE",
      `Nothing answers at ${url}, or the connection was cut`,
      "Start the service, set TAPEDECK_URL, or open the store itself with --offline.",
    );
  }
  return operationError(
    "UNAVAILABLE",
    `${url} did not answer as this version of Tapedeck does`,
    "Set TAPEDECK_URL to the service, and use the command line of the same version; its log may say more.",
  );
};

/** A connection to the service that the environment names. */
export const layer = Layer.effect(
  Connection,
  Effect.gen(function* () {
    const settings = yield* readSettings(process.env, false);
    const url = yield* addressOf(settings);
    const api = yield* makeClient(url, yield* keyOf(settings));
    return { api, explain: explainAt(url) };
  }),
).pipe(Layer.provide(FetchHttpClient.layer));
