import { Effect, Layer, Logger, References } from "effect";
import { Flag } from "effect/cli";
import { ProjectionControl } from "../../services/projections/ProjectionControl.ts";
import { LogOperations } from "../../services/transfer/LogOperations.ts";
import { PageSize } from "../api/Reading.ts";
import { firstCause } from "../FirstCause.ts";
import { CommandFailed } from "./CommandFailed.ts";
import * as Connection from "./Connection.ts";
import * as OfflineStore from "./OfflineStore.ts";
import { note, paint } from "./Printing.ts";
import * as RemoteLogOperations from "./RemoteLogOperations.ts";
import * as RemoteProjectionControl from "./RemoteProjectionControl.ts";

/** Flags that every operators' command has. */
export const operatorFlags = {
  json: Flag.Boolean("json").pipe(
    Flag.withDescription("Print JSON and nothing else on standard output"),
    Flag.withDefault(false),
  ),
  offline: Flag.Boolean("offline").pipe(
    Flag.withDescription("Open the store itself instead of asking the running service"),
    Flag.withDefault(false),
  ),
} as const;

/** How many events a list shows. */
export const limit = Flag.String("limit").pipe(
  Flag.withSchema(PageSize),
  Flag.withDescription("How many events, at most 200"),
  Flag.withDefault(50),
);

/** Flags of commands that change something. */
export const dangerFlags = {
  dryRun: Flag.Boolean("dry-run").pipe(
    Flag.withDescription("Check everything, say what would happen, and change nothing"),
    Flag.withDefault(false),
  ),
  yes: Flag.Boolean("yes").pipe(
    Flag.withAlias("y"),
    Flag.withDescription("Do it without asking"),
    Flag.withDefault(false),
  ),
} as const;

type Operations = LogOperations | ProjectionControl;

const operations = ({ offline, projecting = false }: Mode): Layer.Layer<Operations, unknown> =>
  offline
    ? OfflineStore.layer({ projecting })
    : Layer.merge(RemoteLogOperations.layer, RemoteProjectionControl.layer).pipe(
      Layer.provide(Connection.layer),
    );

/** Where a command works. */
export interface Mode {
  readonly offline: boolean;
  /** Offline, the views are kept up meanwhile, and built where that is asked for. */
  readonly projecting?: boolean;
}

/** Runs what a command does on the running service or on the store itself; what goes wrong is told in one line. */
export const operate = (
  mode: Mode,
  action: Effect.Effect<void, unknown, Operations>,
): Effect.Effect<void, CommandFailed> => reported(Effect.provide(action, operations(mode)));

/** Tells a failure on standard error, without a stack trace, and ends the program with its status. */
export const reported = (action: Effect.Effect<void, unknown>): Effect.Effect<void, CommandFailed> =>
  action.pipe(
    Effect.catchDefect((defect) => Effect.fail(defect)),
    Effect.catch((error) => {
      const failed = error instanceof CommandFailed
        ? error
        : new CommandFailed({ status: 1, message: wordsOf(error) });
      return Effect.andThen(note(`${paint("red", "error:")} ${failed.message}`), Effect.fail(failed));
    }),
    // Standard output belongs to what was asked for.
    Effect.provideService(Logger.LogToStderr, true),
    Effect.provideService(References.MinimumLogLevel, "Error"),
  );

/** Errors whose own words say what to do. */
const wellSpoken = new Set(["OperationError", "SettingsError", "DirectoryError"]);

const wordsOf = (error: unknown): string => {
  if (!(error instanceof Error)) return `Something unexpected happened: ${String(error)}`;
  if ("_tag" in error && wellSpoken.has(String(error._tag))) return error.message;
  const [first] = firstCause(error).split("\n");
  return "_tag" in error
    ? `The store cannot be used: ${first}. Check DATABASE_URL, or TAPEDECK_DATA_DIR.`
    : `Something unexpected happened: ${first}`;
};
