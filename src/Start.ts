import { Console, Effect, Layer } from "effect";
import { HttpServer } from "effect/http";
import process from "node:process";
import { holdDirectory } from "../infra/embedded/DirectoryLock.ts";
import { ensureFfmpeg } from "../infra/system/SystemPackages.ts";
import { banner } from "./Banner.ts";
import { BootstrapKey } from "./BootstrapKey.ts";
import * as Service from "./Service.ts";
import { readSettings } from "./Settings.ts";

/** Runs the service until it is interrupted. */
export const start = Effect.gen(function* () {
  const settings = yield* readSettings(process.env, process.stdout.isTTY);
  yield* ensureFfmpeg;
  yield* holdDirectory(settings.dataDirectory);
  const service = yield* Layer.build(Service.layer(settings));
  yield* Effect.gen(function* () {
    const { address } = yield* HttpServer.HttpServer;
    const port = "port" in address ? address.port : settings.port;
    yield* Console.error(banner(settings, port, yield* BootstrapKey));
  }).pipe(Effect.provideContext(service));
  yield* Effect.never;
}).pipe(Effect.scoped);
