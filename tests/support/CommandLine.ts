import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";

/** What a run of the command line came to. */
export interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A run of the command line that is under way. */
export interface Running {
  readonly child: ChildProcess;
  /** What it has printed on standard output so far. */
  readonly stdout: () => string;
  readonly stderr: () => string;
  readonly ended: Promise<Ran>;
}

/** Starts the command line as an operator would, without a terminal, with these variables and none of Tapedeck's from outside. */
export const startCommand = (
  args: ReadonlyArray<string>,
  environment: Readonly<Record<string, string>>,
): Running => {
  const inherited = Object.fromEntries(
    Object.entries(process.env).filter(([name]) =>
      !/^(TAPEDECK_|OTEL_|DATABASE_URL|NATS_URL|STORAGE_URL|LOG_|PORT|HOST$|VITEST|FORCE_COLOR)/.test(name)
    ),
  );
  const child = spawn(process.execPath, ["run", "-A", "src/main.ts", ...args], {
    env: { ...inherited, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "", stderr = "";
  child.stdout.setEncoding("utf8").on("data", (chunk) => stdout += chunk);
  child.stderr.setEncoding("utf8").on("data", (chunk) => stderr += chunk);
  return {
    child,
    stdout: () => stdout,
    stderr: () => stderr,
    ended: new Promise((resolve) => child.once("close", (status) => resolve({ status, stdout, stderr }))),
  };
};

/** Runs the command line to its end. */
export const runCommand = (
  args: ReadonlyArray<string>,
  environment: Readonly<Record<string, string>>,
): Promise<Ran> => startCommand(args, environment).ended;
