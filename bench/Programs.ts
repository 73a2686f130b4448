import { Effect } from "effect";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import type { BenchDatabase } from "./BenchServer.ts";

/** Runs a program and answers what it printed; dies when it fails. */
const run = (program: string, args: ReadonlyArray<string>) =>
  Effect.promise(async () => {
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
    const [output, errors, [code]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, "close"),
    ]);
    if (code !== 0) throw new Error(`${program} failed: ${errors.slice(0, 500)}`);
    return output;
  });

/** Runs a script of the shell. */
export const shell = (script: string) => run("sh", ["-c", script]);

/** Runs SQL commands by `psql`. */
export const psql = ({ url }: BenchDatabase, commands: string) =>
  run("psql", ["-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", url, "-c", commands]);

/** Runs an SQL command by `psql`, its rows going to /dev/null. */
export const discard = ({ url }: BenchDatabase, command: string) =>
  Effect.promise(async () => {
    const child = spawn("psql", ["-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", url, "-c", command], {
      stdio: ["ignore", "ignore", "inherit"],
    });
    const [code] = await once(child, "close");
    if (code !== 0) throw new Error("psql failed");
  });

const denoArguments = (file: string, args: ReadonlyArray<string>): ReadonlyArray<string> => {
  const path = fileURLToPath(new URL(file, import.meta.url));
  return ["run", "-A", "--v8-flags=--expose-gc", path, ...args];
};

/** Runs a program of this directory in a process of its own, and answers what it printed. */
export const ownProgram = (file: string, args: ReadonlyArray<string>) =>
  run(process.execPath, denoArguments(file, args));

/** Runs a program of this directory until the scope closes; dies when it has ended before. */
export const runningProgram = (file: string, args: ReadonlyArray<string>) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const child = spawn(process.execPath, denoArguments(file, args), {
        stdio: ["ignore", "ignore", "inherit"],
      });
      const kill = () => child.kill("SIGKILL");
      process.once("exit", kill);
      return { child, kill };
    }),
    ({ child, kill }) =>
      Effect.promise(async () => {
        process.off("exit", kill);
        if (child.exitCode !== null || child.signalCode !== null) throw new Error(`${file} ended by itself`);
        const gone = once(child, "close");
        kill();
        await gone;
      }),
  );

let runs = 0;

/**
 * The transactions a second that `pgbench -M prepared` makes of a script: `clients` at once, `each` transactions a client.
 * The script may use `:run`, which no two runs share, and what is in `variables`.
 */
export const pgbench = (
  { url }: BenchDatabase,
  options: {
    readonly script: string;
    readonly clients: number;
    readonly each: number;
    readonly variables?: Readonly<Record<string, string>>;
  },
): Effect.Effect<number> =>
  Effect.acquireUseRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "tapedeck-bench-"))),
    (directory) => {
      const file = join(directory, "script.sql");
      writeFileSync(file, options.script);
      const { clients, each } = options;
      const variables = Object.entries({ run: String(++runs), n: "0", ...options.variables });
      return Effect.map(
        run("pgbench", [
          ...["-n", "-M", "prepared", "-f", file, "-c", String(clients), "-j", "2", "-t", String(each)],
          ...variables.flatMap(([name, value]) => ["-D", `${name}=${value}`]),
          url,
        ]),
        (output) => {
          const tps = /^tps = ([\d.]+)/m.exec(output)?.[1];
          if (tps === undefined || !output.includes("failed transactions: 0 ")) {
            throw new Error(`pgbench failed: ${output.slice(0, 500)}`);
          }
          return Number(tps);
        },
      );
    },
    (directory) => Effect.sync(() => rmSync(directory, { recursive: true })),
  );
