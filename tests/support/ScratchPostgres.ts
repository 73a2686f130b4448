import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { chownSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";

/** A Postgres server of its own for one test run. */
export interface ScratchPostgres {
  /** The superuser's URL of the database "postgres". */
  readonly url: string;
  /** Stops the server and deletes its files; may be called again. */
  readonly stop: () => void;
}

const fatalSignals = ["SIGHUP", "SIGINT", "SIGTERM"] as const;

/** Who runs the server: initdb and postgres refuse root. */
interface Account {
  readonly uid: number;
  readonly gid: number;
}

const run = (
  program: string,
  args: ReadonlyArray<string>,
  options: { cwd?: string } & Partial<Account> = {},
) => execFileSync(program, args, { ...options, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });

const succeeds = (action: () => unknown): boolean => {
  try {
    action();
    return true;
  } catch {
    return false;
  }
};

const unprivilegedAccount = (): Account | undefined => {
  if (process.getuid?.() !== 0) return undefined;
  const user = succeeds(() => run("id", ["-u", "postgres"])) ? "postgres" : "nobody";
  return { uid: Number(run("id", ["-u", user])), gid: Number(run("id", ["-g", user])) };
};

const makeDirectory = (account: Account | undefined): string => {
  for (const parent of new Set([tmpdir(), "/tmp", "/var/tmp"])) {
    const directory = mkdtempSync(join(parent, "tapedeck-postgres-"));
    if (account === undefined) return directory;
    chownSync(directory, account.uid, account.gid);
    // A temporary directory below root's home is closed to the account.
    if (succeeds(() => run("test", ["-w", directory], account))) return directory;
    rmSync(directory, { recursive: true });
  }
  throw new Error("no temporary directory is open to the account that runs the scratch Postgres server");
};

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") {
    throw new Error("the probe for a free port has no port");
  }
  return address.port;
};

const exit = (signal: NodeJS.Signals) => process.exit(128 + constants.signals[signal]);

/**
 * Starts a server with Postgres's own durability settings on a free loopback port, in a temporary directory. It is
 * stopped at the latest when this process exits, which is why stopping is synchronous.
 *
 * @param binDir the directory of `initdb` and `pg_ctl`
 * @param parameters server parameters beside the defaults
 */
export const startScratchPostgres = async (
  binDir: string,
  parameters: Readonly<Record<string, string>> = { shared_buffers: "32MB" },
): Promise<ScratchPostgres> => {
  const account = unprivilegedAccount();
  const directory = makeDirectory(account);
  const data = join(directory, "data");
  const log = join(directory, "log");
  const passwordFile = join(directory, "password");
  const command = (program: string, args: ReadonlyArray<string>) =>
    run(join(binDir, program), ["-D", data, ...args], { cwd: directory, ...account });
  const stop = () => {
    // There may be no server to stop. Its files are deleted next, so it need not leave them in order.
    succeeds(() => command("pg_ctl", ["stop", "-m", "immediate"]));
    rmSync(directory, { recursive: true, force: true });
    process.off("exit", stop);
    process.off("uncaughtExceptionMonitor", stopIfFatal);
    for (const signal of fatalSignals) process.off(signal, exit);
  };
  // Deno ends without "exit" after an error that nobody catches.
  const stopIfFatal = () => {
    if (process.listenerCount("uncaughtException") === 0) stop();
  };
  process.on("uncaughtExceptionMonitor", stopIfFatal);
  // Ctrl-C reaches this process from the terminal and again from its parents; without a listener that stays, the second
  // signal would kill it before the server has stopped.
  for (const signal of fatalSignals) process.on(signal, exit);
  process.on("exit", stop);
  try {
    const password = randomBytes(16).toString("hex");
    writeFileSync(passwordFile, password, { mode: 0o600 });
    if (account !== undefined) chownSync(passwordFile, account.uid, account.gid);
    const authentication = ["-U", "tapedeck", "-A", "scram-sha-256", "--pwfile", passwordFile];
    command("initdb", [...authentication, "-E", "UTF8", "--no-locale"]);
    const start = async (attemptsLeft: number): Promise<number> => {
      const port = await freePort();
      const all = { listen_addresses: "127.0.0.1", port, unix_socket_directories: "", ...parameters };
      const settings = Object.entries(all).map(([name, value]) => `-c ${name}=${value}`).join(" ");
      try {
        command("pg_ctl", ["start", "-w", "-l", log, "-o", settings]);
        return port;
      } catch (cause) {
        const reason = existsSync(log) ? readFileSync(log, "utf8") : "";
        if (attemptsLeft === 0) throw new Error(`Postgres does not start: ${reason}`, { cause });
      }
      // Another process may have taken the port in between.
      return start(attemptsLeft - 1);
    };
    const port = await start(2);
    return { url: `postgres://tapedeck:${password}@127.0.0.1:${port}/postgres`, stop };
  } catch (error) {
    stop();
    throw error;
  }
};
