/**
 * Files that are durable once an operation on them has succeeded: not only their bytes are synchronised, but also the
 * directories that hold their names. The operations reject with Node's errors.
 */
import { mkdir, open, rename, rmdir, unlink } from "node:fs/promises";
import { dirname } from "node:path";

/** Node's code of a failed system call, such as `ENOENT`; undefined for anything else. */
export const codeOf = (error: unknown): unknown =>
  error instanceof Error && "code" in error ? error.code : undefined;

/** The result of an operation, or undefined if the file or directory is not there. */
export const unlessMissing = <A>(operation: Promise<A>): Promise<A | undefined> =>
  operation.catch((error) => {
    if (codeOf(error) !== "ENOENT") throw error;
    return undefined;
  });

/**
 * Moves a written file to `target`, a path below `root` in the same file system, replacing what is there. Directories
 * that are missing are made. Answers its size in bytes.
 */
export const publish = async (root: string, path: string, target: string): Promise<number> => {
  const file = await open(path, "r");
  try {
    await file.chmod(0o600);
    await file.sync();
    await move(path, target);
    for (let directory = dirname(target);; directory = dirname(directory)) {
      await synchronise(directory);
      if (directory === root) return (await file.stat()).size;
    }
  } finally {
    await file.close();
  }
};

/** Tries again when `remove` has just taken a directory, empty until now: ENOENT, or EEXIST while it was being made. */
const move = async (path: string, target: string): Promise<void> => {
  for (let triesLeft = 10;; triesLeft--) {
    try {
      await mkdir(dirname(target), { recursive: true, mode: 0o700 });
      return await rename(path, target);
    } catch (error) {
      const isRace = codeOf(error) === "ENOENT" || codeOf(error) === "EEXIST";
      if (!isRace || triesLeft === 0) throw error;
    }
  }
};

/** Removes a file, if it is there, and then the directories above it that are empty, up to `root`. */
export const remove = async (root: string, path: string): Promise<void> => {
  await unlessMissing(unlink(path));
  const isGone = (directory: string) =>
    rmdir(directory).then(() => true, (error) => codeOf(error) === "ENOENT");
  let directory = dirname(path);
  while (directory !== root && await isGone(directory)) directory = dirname(directory);
  await synchronise(directory);
};

/** A directory that is gone again has nothing to keep. */
const synchronise = async (directory: string): Promise<void> => {
  const handle = await unlessMissing(open(directory, "r"));
  try {
    await handle?.sync();
  } finally {
    await handle?.close();
  }
};
