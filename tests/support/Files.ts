import { readdir } from "node:fs/promises";
import { join } from "node:path";

/**
 * The paths of all files below a directory, relative to it and in order; none if it is not there. Directories that vanish on the
 * way, as those of running jobs do, count as empty.
 */
export const filesBelow = async (directory: string): Promise<ReadonlyArray<string>> => {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
  const paths = await Promise.all(entries.map(async (entry) => {
    if (entry.isFile()) return [entry.name];
    const below = entry.isDirectory() ? await filesBelow(join(directory, entry.name)) : [];
    return below.map((path) => join(entry.name, path));
  }));
  return paths.flat().sort();
};
