import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { Effect } from "effect";
import { inject } from "vitest";
import { freePort } from "./RunningService.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** The path of the program `nats-server`. */
    readonly natsServer: string;
  }
}

/** A NATS server with JetStream of a test's own. It can be taken away and brought back, on the same port. */
export interface ScratchNats {
  readonly url: string;
  /** Kills it as a crash would; its files stay. */
  readonly kill: () => Promise<void>;
  /** Lets it end in order, telling its clients; its files stay. */
  readonly quit: () => Promise<void>;
  /** Starts it again; returns when it takes connections. */
  readonly start: () => Promise<void>;
  /** Deletes its files; for a server that has been killed. */
  readonly wipe: () => Promise<void>;
  /** Ends it and deletes its files; may be called again. */
  readonly stop: () => Promise<void>;
}

const accepts = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    // A server greets whoever connects once it can serve.
    socket.once("data", (greeting) => {
      socket.destroy();
      resolve(String(greeting).startsWith("INFO "));
    });
    socket.once("error", () => resolve(false));
  });

/**
 * Starts a server on a free loopback port, with its files in a temporary directory. `program` is the path of `nats-server`, `options` are
 * arguments to it.
 */
export const startScratchNats = async (
  program: string = inject("natsServer"),
  options: ReadonlyArray<string> = [],
): Promise<ScratchNats> => {
  const directory = await mkdtemp(join(tmpdir(), "tapedeck-nats-"));
  const store = join(directory, "store");
  const port = await freePort();
  let child: ChildProcess | undefined;

  const end = (signal: NodeJS.Signals) => async () => {
    const running = child;
    child = undefined;
    if (running === undefined || running.exitCode !== null || running.signalCode !== null) return;
    const gone = once(running, "exit");
    running.kill(signal);
    await gone;
  };
  const kill = end("SIGKILL");
  const dieWithTests = () => child?.kill("SIGKILL");
  const start = async () => {
    const args = [
      "--jetstream",
      "--store_dir",
      store,
      "--addr",
      "127.0.0.1",
      "--port",
      String(port),
      ...options,
    ];
    const started = spawn(program, args, { stdio: ["ignore", "ignore", "pipe"] });
    child = started;
    let printed = "";
    started.stderr.on("data", (chunk) => printed += chunk);
    while (!(await accepts(port))) {
      if (started.exitCode !== null) throw new Error(`nats-server does not start: ${printed}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  process.on("exit", dieWithTests);
  await start();
  return {
    url: `nats://127.0.0.1:${port}`,
    kill,
    quit: end("SIGTERM"),
    start,
    wipe: () => rm(store, { recursive: true, force: true }),
    stop: async () => {
      process.off("exit", dieWithTests);
      await kill();
      await rm(directory, { recursive: true, force: true });
    },
  };
};

/** A server for as long as the scope is open, started with some arguments. */
export const scratchNatsWith = (...options: ReadonlyArray<string>) =>
  Effect.acquireRelease(
    Effect.promise(() => startScratchNats(undefined, options)),
    (server) => Effect.promise(server.stop),
  );

/** A server for as long as the scope is open. */
export const scratchNats = scratchNatsWith();
