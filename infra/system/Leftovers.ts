/**
 * Files and directories that last no longer than the work they are for. Their names say whose they are, so that those of a
 * process that was killed can be told from those of one that works in the same place.
 */
import { readdir, rm, stat } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import process from "node:process";

/** The beginning of the name of something temporary of this process. */
export const ownPrefix = (): string => `${hostname()}~${process.pid}~`;

const dayInMillis = 86_400_000;

/** Removes from a directory what processes of this host left that are gone, and what nobody has written to for a day. */
export const removeLeftovers = async (directory: string): Promise<void> => {
  for (const name of await readdir(directory)) {
    const path = join(directory, name);
    // What is gone by now was in use a moment ago.
    const writtenAt = (await stat(path).catch(() => undefined))?.mtimeMs ?? Date.now();
    const [host, pid] = name.split("~");
    const isLeft = host === hostname() && !isRunning(Number(pid), writtenAt);
    if (isLeft || writtenAt < Date.now() - dayInMillis) await rm(path, { recursive: true, force: true });
  }
};

/** Whether the process that wrote something at a time, in milliseconds, still runs. */
const isRunning = (pid: number, writtenAt: number): boolean => {
  // A container's process often has the id of the one before it.
  if (pid === process.pid) return writtenAt >= performance.timeOrigin;
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
};
