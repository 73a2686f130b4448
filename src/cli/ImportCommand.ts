import { Effect, Stream } from "effect";
import { Argument, Command } from "effect/cli";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import process from "node:process";
import { operationError } from "../../services/OperationError.ts";
import { Imported, LogOperations } from "../../services/transfer/LogOperations.ts";
import { CommandFailed } from "./CommandFailed.ts";
import { confirm } from "./Confirm.ts";
import { dangerFlags, operate, operatorFlags } from "./Operator.ts";
import { note, print, printJson } from "./Printing.ts";
import { count, withProgress } from "./Progress.ts";
import { facts } from "./Table.ts";

/** The size of a file in bytes; `null` for standard input. */
const sizeOf = (path: string) =>
  path === "-" ? Effect.succeed(null) : Effect.tryPromise({
    try: async () => (await stat(path)).size,
    catch: () =>
      new CommandFailed({ status: 1, message: `There is no file ${path}: name one that was exported.` }),
  });

const read = (path: string) =>
  Stream.fromAsyncIterable<Uint8Array, unknown>(
    path === "-" ? process.stdin : createReadStream(path, { highWaterMark: 256 * 1024 }),
    (cause) => cause,
  ).pipe(
    Stream.mapError((cause) =>
      operationError("MALFORMED_REQUEST", `${path} cannot be read: ${cause}`, "Nothing was written.")
    ),
  );

/** `tapedeck events import <file>`. */
export const importCommand = Command.make("import", {
  ...operatorFlags,
  ...dangerFlags,
  file: Argument.String("file").pipe(Argument.withDescription("An exported log, or - for standard input")),
}, ({ file, json, offline, dryRun, yes }) =>
  operate(
    { offline },
    Effect.gen(function* () {
      const log = yield* LogOperations;
      const total = yield* sizeOf(file);
      if (!dryRun) {
        yield* confirm(
          `This brings the events of ${
            file === "-" ? "standard input" : file
          } into the log, which must be empty and gets a new epoch.`,
          { yes, json },
        );
      }
      const imported = yield* withProgress(
        { title: dryRun ? "Check" : "Import", unit: "bytes", total },
        (progress) => {
          let done = 0;
          const bytes = Stream.tap(
            read(file),
            (chunk) => Effect.sync(() => progress.at(done += chunk.length)),
          );
          return log.import(bytes, { dryRun });
        },
      );
      if (json) return yield* printJson(Imported)(imported);
      yield* print(facts([
        [
          dryRun ? "would import" : "imported",
          `${count(imported.events)} events, ${count(imported.receipts)} receipts`,
        ],
        ["from epoch", imported.sourceEpoch],
        ["new epoch", imported.epoch ?? "none: this was a dry run"],
      ]));
      yield* note(
        dryRun ? "The file is whole and intact. Nothing was written." : "The views follow by themselves.",
      );
    }),
  )).pipe(
    Command.withDescription(
      "Bring an exported log into an empty one: everything is checked, all of it or nothing",
    ),
  );
