import { Console, Effect, Schedule } from "effect";
import process from "node:process";
import { directoryOf, runProgram, searchPath } from "./Program.ts";

/** The arguments with which each known package manager installs a package; the package's name follows them. */
const installArguments = {
  "apt-get": ["install", "-y", "--no-install-recommends"],
  "apk": ["add"],
  "dnf": ["install", "-y"],
  "pacman": ["-S", "--needed"],
  "brew": ["install"],
} as const;

/** A package manager whose install command is known. */
export type PackageManager = keyof typeof installArguments;

const packageManagers: ReadonlyArray<PackageManager> = ["apt-get", "apk", "dnf", "pacman", "brew"];

/** What package managers install, as one of them calls it: a package, or several with spaces between. */
export type PackageNames = Readonly<Partial<Record<PackageManager, string>>>;

const isRoot = () => process.getuid?.() === 0;

/** The first known package manager on the PATH, or undefined. */
export const findPackageManager = Effect.gen(function* () {
  for (const manager of packageManagers) {
    if ((yield* directoryOf([manager], searchPath())) !== undefined) return manager;
  }
  return undefined;
});

/** The exact shell command with which this user installs packages. */
export const installCommand = Effect.fnUntraced(function* (manager: PackageManager, packages: string) {
  const install = [manager, ...installArguments[manager], packages].join(" ");
  const steps = manager === "apt-get" ? ["apt-get update", install] : [install];
  if (isRoot() || manager === "brew") return steps.join(" && ");
  const hasSudo = (yield* directoryOf(["sudo"], searchPath())) !== undefined;
  return hasSudo ? steps.map((step) => `sudo ${step}`).join(" && ") : `su -c '${steps.join(" && ")}'`;
});

/** Whether the package manager works here without asking: only apt-get is used so, as root or by `sudo -n`. */
export const installsUnasked = Effect.fnUntraced(function* (manager: PackageManager) {
  if (manager !== "apt-get" || isRoot()) return manager === "apt-get";
  return yield* runProgram("sudo", ["-n", "true"]).pipe(
    Effect.map(({ exitCode }) => exitCode === 0),
    Effect.catch(() => Effect.succeed(false)),
  );
});

// The scripts of packages must not ask. sudo clears the environment, so env(1) sets the variable behind it.
const runAptGet = (args: ReadonlyArray<string>) => {
  const words = ["DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-o", "DPkg::Lock::Timeout=120", ...args];
  return isRoot() ? runProgram("env", words) : runProgram("sudo", ["-n", "env", ...words]);
};

/**
 * Installs packages by `apt-get update` and `apt-get install`; returns undefined, or what apt-get printed when it
 * failed. Another apt run is waited for, up to two minutes. A failed update alone is no failure: one broken source
 * among several is enough for it.
 */
export const installWithAptGet = Effect.fnUntraced(function* (packages: string) {
  yield* Console.error(`Installing ${packages} with apt-get; this can take some minutes.`);
  const update = yield* runAptGet(["update"]).pipe(
    // DPkg::Lock::Timeout does not cover the lock on the package lists.
    Effect.repeat({
      while: ({ exitCode, output }) => exitCode !== 0 && output.includes("Could not get lock"),
      schedule: Schedule.spaced("2 seconds"),
      times: 60,
    }),
  );
  const install = yield* runAptGet([...installArguments["apt-get"], ...packages.split(" ")]);
  if (install.exitCode !== 0) return `${update.exitCode === 0 ? "" : update.output}${install.output}`;
  yield* Console.error(`Installed ${packages}.`);
  return undefined;
}, Effect.catch((error) => Effect.succeed(error.message)));
