import { PGlite } from "@electric-sql/pglite";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inject } from "vitest";

declare module "vitest" {
  export interface ProvidedContext {
    /** The directory of an embedded database that is new. */
    readonly embeddedTemplate: string;
  }
}

/** Makes the template for a test run. */
export const makeTemplate = async (): Promise<{ directory: string; remove: () => Promise<void> }> => {
  const parent = await mkdtemp(join(tmpdir(), "tapedeck-template-"));
  const directory = join(parent, "postgres");
  await (await PGlite.create({ dataDir: directory })).close();
  return { directory, remove: () => rm(parent, { recursive: true }) };
};

/** Puts an embedded database that is new, and not yet migrated, into a directory: to make one takes seconds, to copy it does not. */
export const copyTemplate = (directory: string): Promise<void> =>
  cp(inject("embeddedTemplate"), directory, { recursive: true });
