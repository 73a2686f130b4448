import { Console, Effect, Layer, Option, Runtime, Schema } from "effect";
import { Command, Flag } from "effect/cli";
import { HttpServer } from "effect/http";
import process from "node:process";
import { holdDirectory } from "../infra/embedded/DirectoryLock.ts";
import { ensureFfmpeg } from "../infra/system/SystemPackages.ts";
import { banner } from "./Banner.ts";
import { BootstrapKey } from "./BootstrapKey.ts";
import { firstCause } from "./FirstCause.ts";
import { ensureRecogniser } from "./Recognising.ts";
import * as Service from "./Service.ts";
import { readSettings } from "./Settings.ts";

/** The service could not start; what is wrong has been said on standard error. */
export class StartFailed extends Schema.TaggedError<StartFailed>()("StartFailed", {}) {
  override readonly [Runtime.errorReported] = false;
}

const serve = Effect.fnUntraced(function* (roles: Option.Option<string>) {
  const given = Option.isSome(roles) ? { TAPEDECK_ROLE: roles.value } : {};
  const settings = yield* readSettings({ ...process.env, ...given }, process.stdout.isTTY);
  if (settings.roles.some((role) => role === "api" || role === "worker")) yield* ensureFfmpeg;
  if (settings.roles.includes("worker")) yield* ensureRecogniser(settings.recogniser);
  yield* holdDirectory(settings.dataDirectory);
  const service = yield* Layer.build(Service.layer(settings));
  yield* Effect.gen(function* () {
    const { address } = yield* HttpServer.HttpServer;
    const port = "port" in address ? address.port : settings.port;
    const key = yield* Effect.serviceOption(BootstrapKey);
    yield* Console.error(banner(settings, port, Option.getOrNull(key)));
  }).pipe(Effect.provideContext(service));
  yield* Effect.never;
}, Effect.scoped);

/** Runs the service until it is interrupted. What keeps it from starting is told in words, without a stack trace. */
const start = (roles: Option.Option<string>) =>
  Effect.catch(
    serve(roles),
    (error) => Effect.andThen(Console.error(complaint(error)), new StartFailed()),
  );

/** `tapedeck start`. */
export const startCommand = Command.make("start", {
  role: Flag.String("role").pipe(
    Flag.withDescription(
      "What this process does: all, or some of api, worker, relay, projector with commas between (TAPEDECK_ROLE)",
    ),
    Flag.optional,
  ),
}, ({ role }) => start(role)).pipe(
  Command.withDescription("Run the service; settings come from environment variables"),
);

const complaint = (error: Effect.Error<ReturnType<typeof serve>>): string => {
  switch (error._tag) {
    case "SettingsError":
    case "MissingTool":
    case "DirectoryError":
    case "BusClaimed":
      return error.message;
    case "NatsError":
      return `The bus cannot be used (NATS_URL): ${firstCause(error)}`;
    case "SqlError":
      return `The database cannot be used (DATABASE_URL): ${firstCause(error)}`;
    case "BlobStoreError":
      return `The storage cannot be used (STORAGE_URL): ${firstCause(error)}`;
    case "ServeError":
      return `The address cannot be listened on (HOST, PORT): ${firstCause(error)}`;
    default:
      return `The service cannot start: ${firstCause(error)}`;
  }
};
