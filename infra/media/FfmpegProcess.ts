import { Effect, Schema, Stream } from "effect";
import { ChildProcess } from "effect/process";
import { existsSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { MediaError } from "../../services/MediaEngine.ts";
import { searchPath } from "../system/Program.ts";

/** A run of a program that ended badly because of its input, its arguments or its limits. */
export class ProcessFailed extends Schema.TaggedError<ProcessFailed>()("ProcessFailed", {
  /** `Refused`: it said no, and why in the log; `Crashed`: by a signal of its own, such as SIGABRT. */
  reason: Schema.Literals(["Refused", "Crashed", "TimeLimit", "OutputLimit"]),
  exitCode: Schema.NullOr(Schema.Int),
  /** The end of what it wrote to stderr. */
  log: Schema.String,
}) {}

/** One run of a program in a private directory. */
export interface MediaProcess {
  /** The name of its span. */
  readonly name: string;
  readonly program: "ffmpeg" | "ffprobe" | "whisper-cli" | "pocketsphinx_continuous";
  readonly args: ReadonlyArray<string>;
  readonly directory: string;
  readonly cpuSeconds: number;
  /** The largest file that it may write; none unless given. */
  readonly fileBytes?: number;
  /** How much address space it may have; 4 GiB unless given. */
  readonly memoryBytes?: number;
  /** Whether it writes to a second pipe, file descriptor 3. */
  readonly hasSecondOutput?: boolean;
}

/**
 * Whether util-linux's prlimit and setpriv are on the PATH. Without them processes run under no limit but that of wall time, and
 * outlive a service that is killed.
 */
export const canConfine = (): boolean =>
  ["prlimit", "setpriv"].every((program) => searchPath().some((path) => existsSync(join(path, program))));

/**
 * The CPU seconds that a job may take: 30, and 4 µs for each sample that is decoded or encoded. That is about
 * twenty times what the slowest codec needs. The limit of wall time is twice that of CPU time, and a minute.
 */
export const cpuSecondsFor = (samples: number): number => 30 + Math.ceil(samples * 4e-6);

const defaultMemoryBytes = 4 * 1024 ** 3;
const logCharacters = 65_536;
const failureLogCharacters = 8_192;

/**
 * Runs a process to its end while `read` takes its standard output, and its second one if it has any; returns what `read` made of it, and
 * the end of the log. Both have to be read all the time: a process waits when either pipe is full. A failure of `read`, or an interruption, kills the process.
 */
export const run = <A, E, R>(
  job: MediaProcess,
  read: (
    stdout: Stream.Stream<Uint8Array, MediaError>,
    second: Stream.Stream<Uint8Array, MediaError>,
  ) => Effect.Effect<A, E, R>,
) =>
  Effect.gen(function* () {
    const child = yield* start(job);
    yield* Effect.annotateCurrentSpan("process.pid", child.pid);
    const [output, log, exit] = yield* Effect.all([
      read(
        child.stdout.pipe(Stream.mapError(unavailable)),
        child.getOutputFd(3).pipe(Stream.mapError(unavailable)),
      ),
      tail(child.stderr.pipe(Stream.mapError(unavailable))),
      // A process ended by a signal has no exit code: the spawner fails and names the signal.
      child.exitCode.pipe(
        Effect.catch((error) => Effect.succeed(/SIG[A-Z0-9]+/.exec(String(error.cause))?.[0])),
      ),
    ], { concurrency: "unbounded" });
    yield* Effect.annotateCurrentSpan(
      typeof exit === "number" ? "process.exit.code" : "process.exit.signal",
      exit,
    );
    if (exit !== 0) return yield* judge(job.program, exit, log);
    return { output, log };
  }).pipe(
    Effect.scoped,
    Effect.timeoutOrElse({
      duration: `${60 + 2 * job.cpuSeconds} seconds`,
      orElse: () => Effect.fail(new ProcessFailed({ reason: "TimeLimit", exitCode: null, log: "" })),
    }),
    Effect.withSpan(job.name, {
      kind: "internal",
      attributes: {
        "process.executable.name": job.program,
        "process.command_args": [job.program, ...job.args].map((arg) => arg.slice(0, 256)),
      },
    }),
  );

/** A failure that has nothing to do with the input: the same job may succeed later. */
export const unavailable = (cause: unknown): MediaError =>
  new MediaError({ reason: { _tag: "Unavailable", cause } });

/** Each output has a filter graph: with a thread for each core, their stacks would soon fill the address space. */
const singleThreaded = ["-filter_threads", "1", "-filter_complex_threads", "1"];

/** What every run of a program is told first. ffmpeg tells at level "info" that a signal ended it; ffprobe would print every tag there. */
const options: Readonly<Record<MediaProcess["program"], ReadonlyArray<string>>> = {
  ffmpeg: ["-hide_banner", "-nostdin", "-nostats", ...singleThreaded, "-loglevel", "level+info"],
  ffprobe: ["-hide_banner", "-loglevel", "level+warning"],
  "whisper-cli": [],
  pocketsphinx_continuous: [],
};

const start = ({ program, args, directory, cpuSeconds, ...job }: MediaProcess) => {
  const command = [program, ...options[program], ...args];
  // The soft limit of CPU time is a signal, which can be told from a kill by anybody else; the hard one is a kill.
  const confinement = [
    // Sent by the kernel when the thread that started the process ends, which is the main thread of the service.
    ...["setpriv", "--pdeathsig", "KILL", "prlimit"],
    `--cpu=${cpuSeconds}:${cpuSeconds + 10}`,
    `--as=${job.memoryBytes ?? defaultMemoryBytes}`,
    `--fsize=${job.fileBytes ?? 0}`,
    "--core=0",
    "--",
  ];
  const [executable = program, ...rest] = canConfine() ? [...confinement, ...command] : command;
  return ChildProcess.make(executable, rest, {
    cwd: directory,
    env: { PATH: process.env["PATH"], LC_ALL: "C" },
    stdin: "ignore",
    ...(job.hasSecondOutput && { additionalFds: { fd3: { type: "output" } } }),
    killSignal: "SIGKILL",
  }).pipe(Effect.mapError(unavailable));
};

const tail = <E>(stderr: Stream.Stream<Uint8Array, E>) =>
  stderr.pipe(
    Stream.decodeText(),
    Stream.runFold(() => "", (log, text) => (log + text).slice(-logCharacters)),
  );

const crashes: ReadonlyArray<string | number | undefined> = [
  "SIGABRT",
  "SIGSEGV",
  "SIGBUS",
  "SIGFPE",
  "SIGILL",
  "SIGTRAP",
];

/** ffmpeg's own exit code after several signals, which only a spent limit of CPU time sends. */
const hardExit = 123;

const isDiskFull = /^(?:\[[^\]]*\] )*\[(?:error|fatal)\] .*No space left on device/m;

const judge = (
  program: string,
  exit: string | number | undefined,
  log: string,
): ProcessFailed | MediaError => {
  const end = log.slice(-failureLogCharacters);
  const failed = (reason: ProcessFailed["reason"]) =>
    new ProcessFailed({ reason, exitCode: typeof exit === "number" ? exit : null, log: end });
  // ffmpeg catches signals, ends in good order and says which one it was. What a tag says stands behind the tag's name.
  const caught = /^\[info\] Exiting normally, received signal (\d+)/m.exec(log)?.[1];
  if (exit === "SIGXCPU" || exit === hardExit || Number(caught) === constants.signals.SIGXCPU) {
    return failed("TimeLimit");
  }
  if (exit === "SIGXFSZ") return failed("OutputLimit");
  if (crashes.includes(exit)) return failed("Crashed");
  if (typeof exit !== "number" || caught !== undefined || isDiskFull.test(log)) {
    return unavailable(new Error(`${program} ended with ${exit}: ${end}`));
  }
  return failed("Refused");
};
