/**
 * The one file that uses the `Deno` global: Node has no file locks, and only a lock of the operating system is given up however the
 * process ends.
 */
import { Effect, Schema } from "effect";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";

/** The directory cannot be claimed: another process works in it, or it cannot be made or written to. */
export class DirectoryError extends Schema.TaggedError<DirectoryError>()("DirectoryError", {
  reason: Schema.Literals(["InUse", "Unusable"]),
  directory: Schema.String,
  cause: Schema.optionalKey(Schema.Defect()),
}) {
  override get message(): string {
    return this.reason === "InUse"
      ? `Another Tapedeck is running on ${this.directory}: stop it, or set TAPEDECK_DATA_DIR to another directory`
      : `The data directory cannot be used (TAPEDECK_DATA_DIR): ${
        this.cause instanceof Error ? this.cause.message : this.directory
      }`;
  }
}

/** Claims a directory for this process until the scope closes, creating it when it is missing. */
export const holdDirectory = (directory: string) =>
  Effect.acquireRelease(
    Effect.tryPromise({
      try: async () => {
        await mkdir(directory, { recursive: true, mode: 0o700 });
        const file = await Deno.open(join(directory, "lock"), { create: true, write: true });
        if (await file.tryLock(true)) return file;
        file.close();
        return null;
      },
      catch: (cause) => new DirectoryError({ reason: "Unusable", directory, cause }),
    }),
    (file) => Effect.sync(() => file?.close()),
  ).pipe(
    Effect.filterOrFail((file) => file !== null, () => new DirectoryError({ reason: "InUse", directory })),
    Effect.asVoid,
  );
