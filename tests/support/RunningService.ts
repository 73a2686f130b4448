import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { copyTemplate } from "./EmbeddedTemplate.ts";

/** A Tapedeck process of its own, as a user would start it, on a scratch data directory and a free port. */
export interface RunningService {
  readonly url: string;
  readonly key: string;
  readonly dataDirectory: string;
  readonly pid: number;
  /** What the process has printed so far. */
  readonly output: () => string;
  /** Calls the API, below `/api/v1`, with the key. */
  readonly call: (path: string, init?: RequestInit) => Promise<Response>;
  /** Calls the API and reads JSON; fails on an error status. */
  readonly json: (path: string, init?: RequestInit) => Promise<Json>;
  /** The exit code of the process once it is gone; `null` if a signal ended it. */
  readonly exited: Promise<number | null>;
  /** Ends the process by a signal, and waits until it is gone; answers its exit code. */
  readonly end: (signal: "SIGINT" | "SIGKILL") => Promise<number | null>;
  /** Starts it again on the same data and port. */
  readonly restart: () => Promise<RunningService>;
}

/** JSON whose shape the test knows, typed as it comes from `fetch`. */
export type Json = Awaited<ReturnType<Response["json"]>>;

/** A port of the loopback address that nobody listens on. */
export const freePort = () =>
  new Promise<number>((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });

const started: Array<{ readonly child: ChildProcess; readonly dataDirectory: string }> = [];

const isOver = (child: ChildProcess) => child.exitCode !== null || child.signalCode !== null;

/** Ends every process that was started here, and removes their data; for `afterAll`. */
export const endAll = async (): Promise<void> => {
  for (const { child, dataDirectory } of started.splice(0)) {
    if (!isOver(child)) {
      child.kill("SIGKILL");
      await new Promise((resolve) => child.once("exit", resolve));
    }
    await rm(dataDirectory, { recursive: true, force: true });
  }
};

/** A start of the program that may go wrong. */
export interface Launched {
  readonly child: ChildProcess;
  /** What it has printed so far, on both streams. */
  readonly output: () => string;
  /** What it has printed so far on standard error. */
  readonly errors: () => string;
  /** Its exit code once it is gone; `null` if a signal ended it. */
  readonly exited: Promise<number | null>;
}

/** A scratch data directory. */
export const newDataDirectory = (): Promise<string> => mkdtemp(join(tmpdir(), "tapedeck-test-"));

/** Starts the program with the given variables and none of Tapedeck's from outside. */
export const launch = (
  dataDirectory: string,
  environment: Readonly<Record<string, string>>,
): Launched => {
  const inherited = Object.fromEntries(
    Object.entries(process.env).filter(([name]) =>
      !/^(TAPEDECK_|OTEL_|DATABASE_URL|NATS_URL|STORAGE_URL|LOG_|PORT|HOST$|VITEST)/.test(name)
    ),
  );
  const child = spawn(process.execPath, ["run", "-A", "src/main.ts", "start"], {
    env: { ...inherited, TAPEDECK_DATA_DIR: dataDirectory, LOG_FORMAT: "json", ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  started.push({ child, dataDirectory });
  let output = "", errors = "";
  child.stdout.on("data", (chunk) => output += chunk);
  child.stderr.on("data", (chunk) => {
    output += chunk;
    errors += chunk;
  });
  return {
    child,
    output: () => output,
    errors: () => errors,
    // "close" comes after everything that was printed.
    exited: new Promise((resolve) => child.once("close", resolve)),
  };
};

/** Starts a service and waits until it is ready. `environment` adds to, or replaces, its variables. An embedded database is there already. */
export const startService = async (
  environment: Readonly<Record<string, string>> = {},
): Promise<RunningService> => {
  const directory = await newDataDirectory();
  if (!("DATABASE_URL" in environment)) await copyTemplate(join(directory, "postgres"));
  return await run(directory, await freePort(), environment);
};

/** Starts a service for the first time, with nothing in its data directory. */
export const startFresh = async (): Promise<RunningService> =>
  await run(await newDataDirectory(), await freePort(), {});

/** How long a start, or anything else that is waited for, may take on a machine that is busy with other work. */
const patienceSeconds = 90;

const run = async (
  dataDirectory: string,
  port: number,
  environment: Readonly<Record<string, string>>,
): Promise<RunningService> => {
  const { child, output, exited } = launch(dataDirectory, { PORT: String(port), ...environment });
  const url = `http://127.0.0.1:${port}`;

  const deadline = Date.now() + patienceSeconds * 1_000;
  for (;;) {
    if (isOver(child)) throw new Error(`The service ended at its start:\n${output()}`);
    if (Date.now() > deadline) throw new Error(`The service did not get ready:\n${output()}`);
    const ready = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(5_000) }).catch(() => null);
    await ready?.body?.cancel();
    if (ready?.ok) break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const key = environment["TAPEDECK_BOOTSTRAP_KEY"] ??
    (await readFile(join(dataDirectory, "bootstrap-key"), "utf8")).trim();

  const call = (path: string, init: RequestInit = {}) => {
    const headers = new Headers(init.headers);
    if (!headers.has("authorization")) headers.set("authorization", `Bearer ${key}`);
    return fetch(`${url}/api/v1${path}`, { ...init, headers });
  };
  return {
    url,
    key,
    dataDirectory,
    pid: child.pid ?? 0,
    output,
    call,
    json: async (path, init) => {
      const response = await call(path, init);
      if (!response.ok) {
        const complaints = output().split("\n").filter((line) => /"level":"(warn|error)"/.test(line));
        throw new Error(
          `${init?.method ?? "GET"} ${path}: ${response.status} ${await response.text()}\n${
            complaints.slice(-5).join("\n")
          }`,
        );
      }
      return await response.json();
    },
    exited,
    end: (signal) => {
      // Deno's `child.kill` would hide the exit code behind the signal.
      if (child.pid !== undefined && !isOver(child)) process.kill(child.pid, signal);
      return exited;
    },
    restart: () => run(dataDirectory, port, environment),
  };
};

/** Uploads a file by multipart, with what it should be processed to. Answers the created resource. */
export const upload = (
  service: RunningService,
  bytes: Uint8Array<ArrayBuffer>,
  options: { readonly filename?: string; readonly process?: unknown } = {},
): Promise<Json> => {
  const form = new FormData();
  form.set("file", new Blob([bytes]), options.filename ?? "audio.wav");
  if (options.process !== undefined) form.set("process", JSON.stringify(options.process));
  return service.json("/uploads", { method: "POST", body: form });
};

/** Reads a resource again and again until it is as wanted; fails with its last state after a while. */
export const eventually = async (
  read: () => Promise<Json>,
  wanted: (value: Json) => boolean,
): Promise<Json> => {
  const end = Date.now() + patienceSeconds * 1_000;
  for (;;) {
    const value = await read();
    if (wanted(value)) return value;
    if (Date.now() > end) {
      throw new Error(`It did not come to be; the last state is ${JSON.stringify(value)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};

/** The upload, once everything that it asked for is over. */
export const settled = (service: RunningService, id: string): Promise<Json> => {
  const over = ({ status }: Json) => status !== "queued" && status !== "running";
  return eventually(() => service.json(`/uploads/${id}`), (upload) =>
    upload.status === "rejected" ||
    (upload.status === "ready" && upload.analysis && over(upload.analysis) &&
      upload.conversions.every(over)));
};
