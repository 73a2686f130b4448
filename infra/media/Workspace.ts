import { Effect, type Scope } from "effect";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import type { MediaError } from "../../services/MediaEngine.ts";
import { ownPrefix, removeLeftovers } from "../system/Leftovers.ts";
import { unavailable } from "./FfmpegProcess.ts";

/** Creates the directory that holds the workspaces, and removes those that a crash left behind. */
export const prepare = (workDirectory: string): Effect.Effect<void, MediaError> =>
  attempt(async () => {
    await mkdir(workDirectory, { recursive: true, mode: 0o700 });
    await removeLeftovers(workDirectory);
  });

/** A new private directory, removed with all that is in it when the scope closes. */
export const make = (workDirectory: string): Effect.Effect<string, MediaError, Scope.Scope> =>
  Effect.acquireRelease(
    attempt(() => mkdtemp(join(workDirectory, ownPrefix()))),
    (path) => Effect.promise(() => rm(path, { recursive: true, force: true })),
  );

const attempt = <A>(run: () => Promise<A>) => Effect.tryPromise({ try: run, catch: unavailable });
