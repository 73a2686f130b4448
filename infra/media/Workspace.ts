import { Effect, type Scope } from "effect";
import { mkdir, mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import process from "node:process";
import type { MediaError } from "../../services/MediaEngine.ts";
import { unavailable } from "./FfmpegProcess.ts";

/** Creates the directory that holds the workspaces, and removes those that a crash left behind. */
export const prepare = (workDirectory: string): Effect.Effect<void, MediaError> =>
  attempt(async () => {
    await mkdir(workDirectory, { recursive: true, mode: 0o700 });
    for (const name of await readdir(workDirectory)) {
      const path = join(workDirectory, name);
      if (await isAbandoned(name, path)) await rm(path, { recursive: true, force: true });
    }
  });

/** A new private directory, removed with all that is in it when the scope closes. Its name says whose it is. */
export const make = (workDirectory: string): Effect.Effect<string, MediaError, Scope.Scope> =>
  Effect.acquireRelease(
    attempt(() => mkdtemp(join(workDirectory, `${hostname()}~${process.pid}~`))),
    (path) => Effect.promise(() => rm(path, { recursive: true, force: true })),
  );

const dayInMillis = 86_400_000;

/** Whether a process of this host that is gone made it, or nobody has written to it for a day: no job lasts as long. */
const isAbandoned = async (name: string, path: string): Promise<boolean> => {
  const modified = (await stat(path).catch(() => undefined))?.mtimeMs ?? Date.now();
  const [host, pid] = name.split("~");
  return (host === hostname() && !isRunning(Number(pid), modified)) || modified < Date.now() - dayInMillis;
};

const isRunning = (pid: number, modified: number): boolean => {
  // A container's process often has the id of the one before it.
  if (pid === process.pid) return modified >= performance.timeOrigin;
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
};

const attempt = <A>(run: () => Promise<A>) => Effect.tryPromise({ try: run, catch: unavailable });
