import { Effect } from "effect";
import { MissingTool } from "./MissingTool.ts";
import {
  findPackageManager,
  installCommand,
  installsUnasked,
  installWithAptGet,
  type PackageNames,
} from "./PackageManager.ts";

/** A tool without which the program cannot go on, and where to get it. */
export interface RequiredTool {
  /** The tool as a reader knows it, with its oldest usable version. */
  readonly name: string;
  /** None where a package manager has none that will do. */
  readonly packages: PackageNames;
  readonly website: string;
}

/** What a look at the machine gave: the tool, or why there is no usable one. */
export type Finding<Found> =
  | { readonly found: Found }
  | { readonly reason: "NotFound" | "TooOld"; readonly detail: string };

/**
 * Looks for a tool. If there is none and the package manager installs without asking, installs the tool's package
 * and looks again. Fails with the exact command to run in every other case.
 */
export const ensureTool = Effect.fnUntraced(function* <Found, R>(
  { name: tool, packages, website }: RequiredTool,
  look: Effect.Effect<Finding<Found>, never, R>,
) {
  const before = yield* look;
  if ("found" in before) return before.found;
  const byHand = `install it from ${website} and put it first on the PATH`;
  const manager = yield* findPackageManager;
  const wanted = manager && packages[manager];
  if (manager === undefined || wanted === undefined) {
    return yield* new MissingTool({ tool, ...before, fix: byHand });
  }
  const fix = yield* installCommand(manager, wanted);
  if (!(yield* installsUnasked(manager))) return yield* new MissingTool({ tool, ...before, fix });
  const failure = yield* installWithAptGet(wanted);
  if (failure !== undefined) {
    const lastLines = failure.trimEnd().split("\n").slice(-12).join("\n");
    const detail = `${before.detail}, and installing the package failed:\n${lastLines}`;
    return yield* new MissingTool({ tool, reason: "InstallFailed", detail, fix });
  }
  const after = yield* look;
  if ("found" in after) return after.found;
  const detail = `${after.detail}, also after installing the package ${wanted}`;
  return yield* new MissingTool({ tool, reason: after.reason, detail, fix: byHand });
});
