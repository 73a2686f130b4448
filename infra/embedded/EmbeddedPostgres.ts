import { PgClient } from "@effect/sql-pg";
import { Effect, Layer, Schema } from "effect";
import { Buffer } from "node:buffer";
import { mkdtemp, rm } from "node:fs/promises";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { setTimeout } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import * as Migrations from "../postgres/Migrations.ts";

/** The embedded database did not start. */
export class EmbeddedPostgresError
  extends Schema.TaggedError<EmbeddedPostgresError>()("EmbeddedPostgresError", {
    reason: Schema.Literals(["StartFailed"]),
    cause: Schema.Defect(),
  }) {}

/** Socket paths are limited to about 100 bytes, data directories are not. */
const longestSocketPath = 100;

/** Where the socket goes: beside the database, which nobody else works on; in a directory of its own if that is too long a path. */
const socketPathFor = (directory: string) => {
  const beside = `${directory}.socket`;
  return Buffer.byteLength(beside) <= longestSocketPath
    ? Effect.acquireRelease(
      // A process that was killed leaves its socket behind.
      Effect.as(Effect.promise(() => rm(beside, { force: true })), beside),
      () => Effect.promise(() => rm(beside, { force: true })),
    )
    : Effect.acquireRelease(
      Effect.promise(() => mkdtemp(join(tmpdir(), "tapedeck-"))),
      (own) => Effect.promise(() => rm(own, { recursive: true, force: true })),
    ).pipe(Effect.map((own) => join(own, "postgres.socket")));
};

/** How long the database may take to close, in milliseconds. */
const stopPatience = 3_000;

const startWorker = (workerData: { readonly dataDirectory: string; readonly socketPath: string }) =>
  Effect.acquireRelease(
    Effect.tryPromise({
      try: async () => {
        const worker = new Worker(new URL("./PgliteWorker.ts", import.meta.url), { workerData });
        await once(worker, "message");
        // Without its database the service can do nothing but end; work resumes when it is started again.
        worker.on("error", (error) => console.error("The embedded database failed:", error));
        worker.on("exit", () => process.kill(process.pid, "SIGTERM"));
        return worker;
      },
      catch: (cause) => new EmbeddedPostgresError({ reason: "StartFailed", cause }),
    }),
    (worker) =>
      Effect.promise(async () => {
        worker.removeAllListeners("exit");
        const stopped = once(worker, "message");
        worker.postMessage("stop");
        await Promise.race([stopped, setTimeout(stopPatience, undefined, { ref: false })]);
        await worker.terminate();
      }),
  );

/** A migrated Postgres inside this process, with its files in a directory. It has one session. */
export const layer = (options: { readonly directory: string }) =>
  Migrations.layer.pipe(
    Layer.provideMerge(Layer.unwrap(Effect.gen(function* () {
      const socketPath = yield* socketPathFor(options.directory);
      yield* startWorker({ dataDirectory: options.directory, socketPath });
      return PgClient.layer({
        path: socketPath,
        username: "postgres",
        database: "postgres",
        // PGlite has one session. Without `multiplex`: in @effect/sql-pg 4.0.5 a late flush of its pipeline can take the answers from
        // a transaction that has just begun, which then waits for ever.
        maxConnections: 1,
        applicationName: "tapedeck",
      });
    }))),
  );
