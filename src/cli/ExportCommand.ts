import { Effect, Schema, Stream } from "effect";
import { Argument, Command } from "effect/cli";
import { open, rename, rm } from "node:fs/promises";
import process from "node:process";
import { linesOf } from "../../services/transfer/LineSplitter.ts";
import { LineReader } from "../../services/transfer/LogFormat.ts";
import type { OperationError } from "../../services/OperationError.ts";
import { LogOperations } from "../../services/transfer/LogOperations.ts";
import { CommandFailed } from "./CommandFailed.ts";
import { operate, operatorFlags } from "./Operator.ts";
import { note, printJson, write } from "./Printing.ts";
import { count, withProgress } from "./Progress.ts";

const Exported = Schema.Struct({
  file: Schema.NullOr(Schema.String),
  events: Schema.Int,
  receipts: Schema.Int,
  epoch: Schema.NullOr(Schema.String),
});

/** Writes pieces to a new file under another name, which gets its own once everything is on the disk. */
const toFile = (path: string) =>
  Effect.gen(function* () {
    const partial = `${path}.part`;
    const refuse = (cause: unknown) =>
      new CommandFailed({
        status: 1,
        message: `${path} cannot be written (${
          cause instanceof Error ? cause.message : cause
        }): choose another file.`,
      });
    yield* Effect.tryPromise({
      // Claims the name: an earlier export is never written over.
      try: async () => (await open(path, "wx")).close(),
      catch: refuse,
    });
    const file = yield* Effect.acquireRelease(
      Effect.tryPromise({ try: () => open(partial, "w", 0o600), catch: refuse }),
      (file) => Effect.promise(() => file.close()),
    );
    let whole = false;
    yield* Effect.addFinalizer(() =>
      Effect.promise(async () => {
        if (!whole) { for (const left of [partial, path]) await rm(left, { force: true }); }
      })
    );
    return {
      write: (bytes: Uint8Array) => Effect.tryPromise({ try: () => file.writeFile(bytes), catch: refuse }),
      finish: Effect.tryPromise({
        try: async () => {
          await file.sync();
          await rename(partial, path);
          whole = true;
        },
        catch: refuse,
      }),
    };
  });

/** Standard output as the place to write to. */
const toOutput = Effect.succeed({
  write: (bytes: Uint8Array) => write(process.stdout, bytes),
  finish: Effect.void,
});

/** Passes an exported log on to its place, and checks it on the way as an import would. */
const save = Effect.fnUntraced(
  function* (bytes: Stream.Stream<Uint8Array, OperationError>, path: string) {
    const place = yield* (path === "-" ? toOutput : toFile(path));
    const reader = new LineReader();
    const { head } = yield* (yield* LogOperations).status;
    yield* withProgress({ title: "Export", unit: "events", total: head }, (progress) =>
      bytes.pipe(
        Stream.tap(place.write),
        linesOf,
        Stream.runForEachArray(Effect.fnUntraced(function* (lines) {
          for (const line of lines) yield* Effect.fromResult(reader.read(line));
          progress.at(reader.counts.events);
        })),
      ));
    yield* Effect.fromResult(reader.end());
    yield* place.finish;
    return { file: path === "-" ? null : path, ...reader.counts, epoch: reader.epoch };
  },
  Effect.scoped,
  Effect.catchTag("LogFileRefused", ({ message }) =>
    new CommandFailed({
      status: 1,
      message: `The log did not arrive whole and intact: ${message}. Export it again.`,
    })),
);

/** `tapedeck events export <file>`. */
export const exportCommand = Command.make("export", {
  ...operatorFlags,
  file: Argument.String("file").pipe(
    Argument.withDescription("A file that does not exist yet, or - for standard output"),
  ),
}, ({ file, json, offline }) =>
  operate(
    { offline },
    Effect.gen(function* () {
      const exported = yield* save(yield* (yield* LogOperations).export, file);
      if (json && file !== "-") return yield* printJson(Exported)(exported);
      const { events, receipts } = exported;
      yield* note(
        `Exported ${count(events)} events and ${count(receipts)} receipts${
          file === "-" ? "" : ` to ${file}`
        }.`,
      );
    }),
  )).pipe(Command.withDescription("Write the whole log to a file of JSON Lines, checked on the way"));
