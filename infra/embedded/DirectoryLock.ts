/**
 * The one file that uses the `Deno` global: Node has no file locks, and only a lock of the operating system is given up however the
 * process ends.
 */
import { Effect, Schema } from "effect";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";

/** Another process works in the directory. */
export class DirectoryInUse extends Schema.TaggedError<DirectoryInUse>()("DirectoryInUse", {
  directory: Schema.String,
}) {
  override get message(): string {
    return `Another Tapedeck is running on ${this.directory}: stop it, or set TAPEDECK_DATA_DIR to another directory`;
  }
}

/** Claims a directory for this process until the scope closes, creating it when it is missing. */
export const holdDirectory = (directory: string) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      const file = await Deno.open(join(directory, "lock"), { create: true, write: true });
      if (await file.tryLock(true)) return file;
      file.close();
      return null;
    }),
    (file) => Effect.sync(() => file?.close()),
  ).pipe(
    Effect.filterOrFail((file) => file !== null, () => new DirectoryInUse({ directory })),
    Effect.asVoid,
  );
