import { PgClient } from "@effect/sql-pg";
import { Effect, Layer, Schema } from "effect";
import { mkdtemp, rm } from "node:fs/promises";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import * as Migrations from "../postgres/Migrations.ts";

/** The embedded database did not start. */
export class EmbeddedPostgresError
  extends Schema.TaggedError<EmbeddedPostgresError>()("EmbeddedPostgresError", {
    reason: Schema.Literals(["StartFailed"]),
    cause: Schema.Defect(),
  }) {}

/** The socket lives in a directory of its own: socket paths are limited to about 100 bytes, data directories are not. */
const socketDirectory = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "tapedeck-"))),
  (directory) => Effect.promise(() => rm(directory, { recursive: true, force: true })),
);

const startWorker = (workerData: { readonly dataDirectory: string; readonly socketPath: string }) =>
  Effect.acquireRelease(
    Effect.tryPromise({
      try: async () => {
        const worker = new Worker(new URL("./PgliteWorker.ts", import.meta.url), { workerData });
        await once(worker, "message");
        return worker;
      },
      catch: (cause) => new EmbeddedPostgresError({ reason: "StartFailed", cause }),
    }),
    (worker) =>
      Effect.promise(async () => {
        const stopped = once(worker, "message");
        worker.postMessage("stop");
        await stopped;
        await worker.terminate();
      }),
  );

/** A migrated Postgres inside this process, with its files in a directory. It has one session. */
export const layer = (options: { readonly directory: string }) =>
  Migrations.layer.pipe(
    Layer.provideMerge(Layer.unwrap(Effect.gen(function* () {
      const socketPath = join(yield* socketDirectory, ".s.PGSQL.5432");
      yield* startWorker({ dataDirectory: options.directory, socketPath });
      return PgClient.layer({
        path: socketPath,
        username: "postgres",
        database: "postgres",
        maxConnections: 1,
        applicationName: "tapedeck",
      });
    }))),
  );
