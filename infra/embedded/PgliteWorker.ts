/**
 * The thread of the embedded database: Postgres in WebAssembly, served on a unix socket so that the ordinary client can talk to
 * it, away from the main thread so that queries do not hold up requests.
 */
import { PGlite } from "@electric-sql/pglite";
import { PGLiteSocketServer } from "@electric-sql/pglite-socket";
import { parentPort, workerData } from "node:worker_threads";
import { Schema } from "effect";

const { dataDirectory, socketPath } = Schema.decodeUnknownSync(
  Schema.Struct({ dataDirectory: Schema.String, socketPath: Schema.String }),
)(workerData);

const db = await PGlite.create({ dataDir: dataDirectory });
const server = new PGLiteSocketServer({ db, path: socketPath });
await server.start();

parentPort?.once("message", async () => {
  await server.stop();
  await db.close();
  parentPort?.postMessage("stopped");
});
parentPort?.postMessage("ready");
