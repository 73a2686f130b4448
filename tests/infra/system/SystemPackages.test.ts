import { NodeServices } from "@effect/platform-node";
import { assert, describe, it, layer } from "@effect/vitest";
import { Effect, type Scope } from "effect";
import type { ChildProcessSpawner } from "effect/process/ChildProcessSpawner";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import type { MissingTool } from "../../../infra/system/MissingTool.ts";
import {
  ensureFfmpeg,
  ensurePocketSphinx,
  ensureWhisper,
  judgeFfmpegVersion,
  judgeNatsVersion,
} from "../../../infra/system/SystemPackages.ts";

describe("judgeFfmpegVersion", () => {
  const lineOf = (version: string) =>
    `ffmpeg version ${version} Copyright (c) 2000-2026 the FFmpeg developers\n`;
  const judge = (output: string) => judgeFfmpegVersion("ffmpeg", output);

  it("takes releases from 5.1 on, and development builds, which have no release number", () => {
    for (
      const version of [
        "5.1",
        "5.1.9-0+deb12u1",
        "n7.1",
        "10.0.1",
        "N-112233-g0123",
        "2026-01-05-git-0123abc",
      ]
    ) {
      assert.deepStrictEqual(judge(lineOf(version)), { found: version });
    }
  });

  it("refuses older releases and names their version", () => {
    for (const version of ["4.3.6-0+deb11u1", "4.4.2", "5.0.3", "n5.0", "0.11.1"]) {
      assert.deepStrictEqual(judge(lineOf(version)), {
        reason: "TooOld",
        detail: `ffmpeg is version ${version}`,
      });
    }
  });

  it("finds the version below a warning of the loader", () => {
    assert.deepStrictEqual(judge(`libx: no version information\n${lineOf("7.1")}`), { found: "7.1" });
  });

  it("quotes the first line of anything else", () => {
    for (const first of ["", "libavcodec.so.60: cannot open shared object file", "ffprobe version 7.1"]) {
      assert.deepStrictEqual(judge(`${first}\nmore\n`), {
        reason: "NotFound",
        detail: `ffmpeg does not run: ${first || "more"}`,
      });
    }
  });
});

describe("judgeNatsVersion", () => {
  it("takes servers from 2.9 on, and names what it refuses", () => {
    for (const version of ["2.9.10", "2.12.0-RC.1", "3.0.0"]) {
      assert.deepStrictEqual(judgeNatsVersion(`nats-server: v${version}\n`), { found: version });
    }
    assert.deepStrictEqual(judgeNatsVersion("nats-server: v2.8.4\n"), {
      reason: "TooOld",
      detail: "nats-server is version 2.8.4",
    });
    assert.deepStrictEqual(judgeNatsVersion("not found\nmore"), {
      reason: "NotFound",
      detail: "nats-server does not run: not found",
    });
  });
});

/** A machine's programs, by name: each a shell script that first notes its arguments. */
type Programs = Readonly<Record<string, string>>;

const printsVersion = (program: string, version: string) => `echo "${program} version ${version} Copyright"`;
const ffmpeg = (version: string): Programs => ({
  ffmpeg: printsVersion("ffmpeg", version),
  ffprobe: printsVersion("ffprobe", version),
});
const env = { env: `exec /usr/bin/env "$@"` };
const sudo = { sudo: `shift; exec "$@"`, true: "" };
const sudoThatAsks = { sudo: "echo 'sudo: a password is required' >&2; exit 1" };
const installCommand = "apt-get update && apt-get install -y --no-install-recommends ffmpeg";

/** Makes sure of a tool, FFmpeg unless told, for a user on a machine; gives its end and the calls of package managers and sudo, in order. */
const ensureOn = (
  { programs, packaged = {}, uid = 0, ensure = ensureFfmpeg }: {
    programs: Programs;
    packaged?: Programs;
    uid?: number;
    ensure?: Effect.Effect<unknown, MissingTool, ChildProcessSpawner>;
  },
): Effect.Effect<{ end: unknown; calls: ReadonlyArray<string> }, never, ChildProcessSpawner | Scope.Scope> =>
  Effect.gen(function* () {
    const root = yield* Effect.acquireRelease(
      Effect.promise(() => mkdtemp(join(tmpdir(), "tapedeck-system-"))),
      (path) => Effect.promise(() => rm(path, { recursive: true })),
    );
    const [path, shelf, log] = [join(root, "bin"), join(root, "packaged"), join(root, "calls")];
    const write = async (directory: string, scripts: Programs) => {
      await mkdir(directory);
      for (const [name, body] of Object.entries(scripts)) {
        const script = `#!/bin/sh\necho "${name} $*" >> "${log}"\nbin="${path}" shelf="${shelf}"\n${body}\n`;
        await writeFile(join(directory, name), script, { mode: 0o755 });
      }
    };
    yield* Effect.promise(() => Promise.all([write(path, programs), write(shelf, packaged)]));
    yield* Effect.acquireRelease(
      Effect.sync(() => {
        const before = { path: process.env["PATH"] ?? "", getuid: process.getuid };
        process.env["PATH"] = path;
        process.getuid = () => uid;
        return before;
      }),
      ({ path, getuid }) =>
        Effect.sync(() => {
          process.env["PATH"] = path;
          if (getuid !== undefined) process.getuid = getuid;
        }),
    );
    const end = yield* Effect.match(ensure, {
      onSuccess: (found) => found,
      onFailure: ({ tool, reason, detail, fix }) => ({ tool, reason, detail, fix }),
    });
    const noted = yield* Effect.promise(() => readFile(log, "utf8").catch(() => ""));
    const calls = noted.split("\n").filter((call) => /^(apt-get|apk|dnf|brew|sudo) /.test(call));
    return { end, calls };
  });

const tool = "ffmpeg 5.1 or later (with ffprobe)";
const notOnPath = { tool, reason: "NotFound", detail: "ffmpeg is not on the PATH" };
const byHand = "install it from https://ffmpeg.org/download.html and put it first on the PATH";
const aptGetThatInstalls = { "apt-get": `case "$*" in *install*) /bin/ln -sf "$shelf"/* "$bin"/ ;; esac` };
const aptGetThatFails = {
  "apt-get": `echo "E: $*, of no use" >&2; case "$*" in *install*) exit 100 ;; esac`,
};
const aptGetOptions = "apt-get -q -o DPkg::Lock::Timeout=120";
const aptGetCalls = [
  `${aptGetOptions} update`,
  `${aptGetOptions} install -y --no-install-recommends ffmpeg`,
];

layer(NodeServices.layer, { excludeTestServices: true })("ensureFfmpeg", (it) => {
  it.effect("installs nothing where ffmpeg is there", () =>
    Effect.gen(function* () {
      const { end, calls } = yield* ensureOn({
        programs: { ...ffmpeg("5.1.9-0+deb12u1"), ...aptGetThatInstalls, ...env },
      });
      assert.deepStrictEqual(end, { ffmpegVersion: "5.1.9-0+deb12u1" });
      assert.deepStrictEqual(calls, []);
    }));

  it.effect("names the website where there is no package manager", () =>
    Effect.gen(function* () {
      const { end } = yield* ensureOn({ programs: {} });
      assert.deepStrictEqual(end, { ...notOnPath, fix: byHand });
    }));

  it.effect("asks for ffprobe too", () =>
    Effect.gen(function* () {
      const { end } = yield* ensureOn({ programs: { ffmpeg: printsVersion("ffmpeg", "7.1") } });
      assert.deepStrictEqual(end, { ...notOnPath, detail: "ffprobe is not on the PATH", fix: byHand });
    }));

  it.effect("gives the exact command, and runs none, where installing needs a question", () =>
    Effect.gen(function* () {
      const cases: ReadonlyArray<readonly [Programs, number, string]> = [
        [{ ...aptGetThatInstalls, ...env }, 1000, `su -c '${installCommand}'`],
        [
          { ...aptGetThatInstalls, ...env, ...sudoThatAsks },
          1000,
          "sudo apt-get update && sudo apt-get install -y --no-install-recommends ffmpeg",
        ],
        [{ apk: "" }, 0, "apk add ffmpeg"],
        [{ dnf: "", ...sudo }, 1000, "sudo dnf install -y ffmpeg-free"],
        [{ brew: "", ...sudo }, 1000, "brew install ffmpeg"],
      ];
      for (const [programs, uid, fix] of cases) {
        const { end, calls } = yield* Effect.scoped(ensureOn({ programs, packaged: ffmpeg("7.1"), uid }));
        assert.deepStrictEqual(end, { ...notOnPath, fix });
        assert.deepStrictEqual(calls.filter((call) => call !== "sudo -n true"), []);
      }
    }));

  it.effect("installs the package as root", () =>
    Effect.gen(function* () {
      const programs = { ...aptGetThatInstalls, ...env };
      const { end, calls } = yield* ensureOn({ programs, packaged: ffmpeg("5.1.9-0+deb12u1") });
      assert.deepStrictEqual(end, { ffmpegVersion: "5.1.9-0+deb12u1" });
      assert.deepStrictEqual(calls, aptGetCalls);
    }));

  it.effect("installs the package by sudo where that asks no password", () =>
    Effect.gen(function* () {
      const programs = { ...aptGetThatInstalls, ...env, ...sudo };
      const { end, calls } = yield* ensureOn({ programs, packaged: ffmpeg("7.1"), uid: 1000 });
      assert.deepStrictEqual(end, { ffmpegVersion: "7.1" });
      const bySudo = (call: string) => [`sudo -n env DEBIAN_FRONTEND=noninteractive ${call}`, call];
      assert.deepStrictEqual(calls, ["sudo -n true", ...aptGetCalls.flatMap(bySudo)]);
    }));

  it.effect("names the website where the package is too old as well", () =>
    Effect.gen(function* () {
      const programs = { ...ffmpeg("4.3.6"), ...aptGetThatInstalls, ...env };
      const { end } = yield* ensureOn({ programs, packaged: ffmpeg("5.0.3") });
      const detail = "ffmpeg is version 5.0.3, also after installing the package ffmpeg";
      assert.deepStrictEqual(end, { tool, reason: "TooOld", detail, fix: byHand });
    }));

  it.effect("says what apt-get printed when that fails", () =>
    Effect.gen(function* () {
      const { end } = yield* ensureOn({ programs: { ...aptGetThatFails, ...env } });
      const printed = "E: -q -o DPkg::Lock::Timeout=120 install -y --no-install-recommends ffmpeg, of no use";
      const detail = `ffmpeg is not on the PATH, and installing the package failed:\n${printed}`;
      assert.deepStrictEqual(end, { tool, reason: "InstallFailed", detail, fix: installCommand });
    }));
});

layer(NodeServices.layer, { excludeTestServices: true })("ensurePocketSphinx", (it) => {
  const complains = `echo 'ERROR: "acmod.c", line 78: there is no model' >&2; exit 1`;

  it.effect("installs the program and its model, which the program does not depend on", () =>
    Effect.gen(function* () {
      const { end, calls } = yield* ensureOn({
        programs: { ...aptGetThatInstalls, ...env, pocketsphinx_continuous: complains },
        packaged: { pocketsphinx_continuous: "exit 0" },
        ensure: ensurePocketSphinx,
      });
      assert.isUndefined(end);
      const install = "install -y --no-install-recommends pocketsphinx pocketsphinx-en-us";
      assert.deepStrictEqual(calls, [`${aptGetOptions} update`, `${aptGetOptions} ${install}`]);
    }));

  it.effect("says what the program says where there is no package", () =>
    Effect.gen(function* () {
      const { end } = yield* ensureOn({
        programs: { pocketsphinx_continuous: complains, dnf: "" },
        ensure: ensurePocketSphinx,
      });
      assert.deepStrictEqual(end, {
        tool: "PocketSphinx 0.8 with its model of US English",
        reason: "NotFound",
        detail: `pocketsphinx_continuous does not run: ERROR: "acmod.c", line 78: there is no model`,
        fix: "install it from https://cmusphinx.github.io and put it first on the PATH",
      });
    }));
});

layer(NodeServices.layer, { excludeTestServices: true })("ensureWhisper", (it) => {
  it.effect("names the website where there is no package, and installs nothing", () =>
    Effect.gen(function* () {
      const programs = { ...aptGetThatInstalls, ...env };
      const { end, calls } = yield* ensureOn({ programs, ensure: ensureWhisper });
      assert.deepStrictEqual(end, {
        tool: "whisper.cpp (whisper-cli)",
        reason: "NotFound",
        detail: "whisper-cli is not on the PATH",
        fix: "install it from https://github.com/ggml-org/whisper.cpp and put it first on the PATH",
      });
      assert.deepStrictEqual(calls, []);
    }));
});
