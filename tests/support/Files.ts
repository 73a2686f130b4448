import { readdir } from "node:fs/promises";
import { join, relative } from "node:path";

/** The paths of all files below a directory, relative to it and in order; none if it is not there. */
export const filesBelow = async (directory: string): Promise<ReadonlyArray<string>> => {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)))
    .sort();
};
