import { Effect } from "effect";
import type { ChildProcessSpawner } from "effect/process/ChildProcessSpawner";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { directoryOf, runProgram, searchPath } from "./Program.ts";
import { ensureTool, type Finding } from "./RequiredTool.ts";

/**
 * Judges what `ffmpeg -version` or `ffprobe -version` printed; the oldest release that does is 5.1. A development
 * build, such as "N-112233-g0123456", has no release number and passes. Finds the version as printed.
 */
export const judgeFfmpegVersion = (program: string, output: string): Finding<string> => {
  const version = new RegExp(`^${program} version (\\S+)`, "m").exec(output)?.[1];
  if (version === undefined) {
    return { reason: "NotFound", detail: `${program} does not run: ${output.trim().split("\n")[0]}` };
  }
  const release = /^n?(\d+)\.(\d+)/.exec(version);
  const [major, minor] = [Number(release?.[1] ?? Infinity), Number(release?.[2] ?? 0)];
  const isOld = major < 5 || (major === 5 && minor < 1);
  return isOld ? { reason: "TooOld", detail: `${program} is version ${version}` } : { found: version };
};

const lookForFfmpegProgram = (program: string) =>
  runProgram(program, ["-version"]).pipe(
    Effect.map(({ output }) => judgeFfmpegVersion(program, output)),
    Effect.catch(() =>
      Effect.succeed<Finding<string>>({ reason: "NotFound", detail: `${program} is not on the PATH` })
    ),
  );

const lookForFfmpeg = Effect.gen(function* () {
  const ffmpeg = yield* lookForFfmpegProgram("ffmpeg");
  const ffprobe = yield* lookForFfmpegProgram("ffprobe");
  return "found" in ffmpeg && !("found" in ffprobe) ? ffprobe : ffmpeg;
});

/**
 * Makes sure of `ffmpeg` and `ffprobe`, 5.1 or later, on the PATH: installs them if that needs no question, and fails
 * with `MissingTool` otherwise. Returns ffmpeg's version as it prints it.
 */
export const ensureFfmpeg = ensureTool({
  name: "ffmpeg 5.1 or later (with ffprobe)",
  packages: { "apt-get": "ffmpeg", apk: "ffmpeg", dnf: "ffmpeg-free", pacman: "ffmpeg", brew: "ffmpeg" },
  website: "https://ffmpeg.org/download.html",
}, lookForFfmpeg).pipe(Effect.map((ffmpegVersion) => ({ ffmpegVersion })));

const serverPrograms = ["initdb", "pg_ctl", "postgres"];

/** Debian keeps the server's programs of each major version here, off the PATH. */
const debianRoot = "/usr/lib/postgresql";

const lookForPostgres = Effect.gen(
  function* (): Effect.fn.Return<Finding<string>, never, ChildProcessSpawner> {
    const versions = yield* Effect.promise(() => readdir(debianRoot).catch((): Array<string> => []));
    const newestFirst = versions.map(Number).filter((version) => version > 0).sort((a, b) => b - a);
    const debianDirectories = newestFirst.map((version) => `${debianRoot}/${version}/bin`);
    const found = yield* directoryOf(serverPrograms, [...searchPath(), ...debianDirectories]);
    if (found === undefined) {
      const detail = `${serverPrograms.join(", ")} are neither on the PATH nor in ${debianRoot}`;
      return { reason: "NotFound", detail };
    }
    const { output } = yield* Effect.orDie(runProgram(join(found, "postgres"), ["--version"]));
    const major = Number(/ (\d+)/.exec(output)?.[1]);
    return major < 14 ? { reason: "TooOld", detail: `${found} has ${output.trim()}` } : { found };
  },
);

/**
 * Makes sure of the programs of a Postgres server, 14 or later: installs them if that needs no question, and fails with
 * `MissingTool` otherwise. Returns the directory that holds `initdb`, `pg_ctl` and `postgres`; those on the PATH come
 * first, then the newest that Debian's packages installed.
 */
export const ensurePostgres = ensureTool({
  name: "Postgres 14 or later (the server)",
  packages: {
    "apt-get": "postgresql",
    apk: "postgresql",
    dnf: "postgresql-server",
    pacman: "postgresql",
    brew: "postgresql@17",
  },
  website: "https://www.postgresql.org/download/",
}, lookForPostgres).pipe(Effect.map((binDir) => ({ binDir })));

/** Judges what `nats-server --version` printed; the oldest release that does is 2.9. Finds the version as printed. */
export const judgeNatsVersion = (output: string): Finding<string> => {
  const version = /^nats-server: v(\S+)/m.exec(output)?.[1];
  if (version === undefined) {
    return { reason: "NotFound", detail: `nats-server does not run: ${output.trim().split("\n")[0]}` };
  }
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const isOld = major < 2 || (major === 2 && minor < 9);
  return isOld ? { reason: "TooOld", detail: `nats-server is version ${version}` } : { found: version };
};

/** Where packages install servers; not every user has it on the PATH. */
const serverDirectory = "/usr/sbin";

const lookForNatsServer = Effect.gen(
  function* (): Effect.fn.Return<Finding<string>, never, ChildProcessSpawner> {
    const directory = yield* directoryOf(["nats-server"], [...searchPath(), serverDirectory]);
    if (directory === undefined) {
      return {
        reason: "NotFound",
        detail: `nats-server is neither on the PATH nor in ${serverDirectory}`,
      };
    }
    const path = join(directory, "nats-server");
    const { output } = yield* Effect.orDie(runProgram(path, ["--version"]));
    const judged = judgeNatsVersion(output);
    return "found" in judged ? { found: path } : judged;
  },
);

/**
 * Makes sure of `nats-server`, 2.9 or later, for the tests: installs it if that needs no question, and fails with `MissingTool`
 * otherwise. Returns its path.
 */
export const ensureNatsServer = ensureTool({
  name: "nats-server 2.9 or later",
  packages: {
    "apt-get": "nats-server",
    apk: "nats-server",
    dnf: "nats-server",
    pacman: "nats-server",
    brew: "nats-server",
  },
  website: "https://nats.io/download",
}, lookForNatsServer);

const lookForPocketSphinx = runProgram("pocketsphinx_continuous", ["-infile", "/dev/null"]).pipe(
  Effect.map(({ exitCode, output }): Finding<undefined> => {
    if (exitCode === 0) return { found: undefined };
    const complaint = output.split("\n").find((line) => line.startsWith("ERROR"))?.trim();
    return { reason: "NotFound", detail: `pocketsphinx_continuous does not run: ${complaint ?? exitCode}` };
  }),
  Effect.catch(() =>
    Effect.succeed<Finding<undefined>>({
      reason: "NotFound",
      detail: "pocketsphinx_continuous is not on the PATH",
    })
  ),
);

/**
 * Makes sure of PocketSphinx 0.8 and its model of US English: installs them if that needs no question, and fails with `MissingTool`
 * otherwise. Later versions have another command line.
 */
export const ensurePocketSphinx = ensureTool({
  name: "PocketSphinx 0.8 with its model of US English",
  packages: { "apt-get": "pocketsphinx pocketsphinx-en-us" },
  website: "https://cmusphinx.github.io",
}, lookForPocketSphinx);

const lookForWhisper = Effect.gen(function* (): Effect.fn.Return<Finding<string>> {
  const directory = yield* directoryOf(["whisper-cli"], searchPath());
  return directory === undefined
    ? { reason: "NotFound", detail: "whisper-cli is not on the PATH" }
    : { found: directory };
});

/** Makes sure of `whisper-cli`, which few systems have a package of; fails with `MissingTool`. */
export const ensureWhisper = ensureTool({
  name: "whisper.cpp (whisper-cli)",
  packages: { brew: "whisper-cpp" },
  website: "https://github.com/ggml-org/whisper.cpp",
}, lookForWhisper);
