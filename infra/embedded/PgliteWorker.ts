/**
 * The thread of the embedded database: Postgres in WebAssembly, served on a unix socket so that the ordinary client can talk to
 * it, away from the main thread so that queries do not hold up requests.
 */
import { PGlite } from "@electric-sql/pglite";
import { PGLiteSocketServer } from "@electric-sql/pglite-socket";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parentPort, workerData } from "node:worker_threads";
import { Schema } from "effect";

const { dataDirectory, socketPath } = Schema.decodeUnknownSync(
  Schema.Struct({ dataDirectory: Schema.String, socketPath: Schema.String }),
)(workerData);

// A new database is copied to disk file by file. One whose copy was cut short could pass for a whole one: it is made again.
const unfinished = `${dataDirectory}.unfinished`;
if (existsSync(unfinished)) rmSync(dataDirectory, { recursive: true, force: true });
if (!existsSync(join(dataDirectory, "PG_VERSION"))) writeFileSync(unfinished, "");
const db = await PGlite.create({ dataDir: dataDirectory });
rmSync(unfinished, { force: true });
// Nothing gathers statistics here, which would renew plans: one that was kept from when a table was small would stay for ever.
await db.exec("SET plan_cache_mode = force_custom_plan");

// The client has one connection. It asks on a second one to cancel a query (which PGlite ignores), and replaces the first after that.
const server = new PGLiteSocketServer({ db, path: socketPath, maxConnections: 4 });
await server.start();

parentPort?.once("message", async () => {
  await server.stop();
  await db.close();
  parentPort?.postMessage("stopped");
});
parentPort?.postMessage("ready");
