import { NodeServices } from "@effect/platform-node";
import { assert, it, layer } from "@effect/vitest";
import { Deferred, Effect, Fiber, Stream, type Tracer } from "effect";
import { TestClock } from "effect/testing";
import { readFileSync } from "node:fs";
import process from "node:process";
import { cpuSecondsFor, type MediaProcess, run } from "../../../infra/media/FfmpegProcess.ts";
import { isAlive, scratchDirectory, withProcesses } from "./MediaFixture.ts";

const jobOf = Effect.fnUntraced(function* (args: ReadonlyArray<string>, limits: Partial<MediaProcess> = {}) {
  const job: MediaProcess = {
    ...{ name: "ffmpeg test", program: "ffmpeg", args, directory: yield* scratchDirectory },
    cpuSeconds: 60,
    ...limits,
  };
  return job;
});

/** A run that goes on for as long as it may, at its own pace, and reports each half second. */
const endless = ["-re", "-f", "lavfi", "-i", "anullsrc", "-progress", "pipe:1", "-f", "null", "-"];

/** Starts an endless run; answers its fiber and process id once it has begun. */
const startEndless = Effect.gen(function* () {
  const job = yield* jobOf(endless);
  const begun = yield* Deferred.make<void>();
  const spans: Array<Tracer.NativeSpan> = [];
  const running = run(job, Stream.runForEach(() => Deferred.succeed(begun, undefined)));
  const fiber = yield* Effect.forkChild(withProcesses(Effect.flip(running), spans));
  yield* Deferred.await(begun);
  const pid = Number(spans[0]?.attributes.get("process.pid"));
  assert.isTrue(isAlive(pid));
  return { fiber, pid };
});

layer(NodeServices.layer, { excludeTestServices: true })("a run of ffmpeg", (it) => {
  it.effect("is ended by its limit of CPU time", () =>
    Effect.gen(function* () {
      const busy = ["-f", "lavfi", "-i", "anoisesrc", "-f", "null", "-"];
      const error = yield* Effect.flip(run(yield* jobOf(busy, { cpuSeconds: 1 }), Stream.runDrain));
      assert.strictEqual(error._tag === "ProcessFailed" && error.reason, "TimeLimit");
    }));

  it.effect("is ended by its limit of CPU time as ffprobe, too", () =>
    Effect.gen(function* () {
      const busy = ["-f", "lavfi", "-i", "anoisesrc", "-show_entries", "packet=pts"];
      const error = yield* Effect.flip(
        run(yield* jobOf(busy, { program: "ffprobe", cpuSeconds: 1 }), Stream.runDrain),
      );
      assert.strictEqual(error._tag === "ProcessFailed" && error.reason, "TimeLimit");
    }));

  it.effect("is ended by its limit of file size", () =>
    Effect.gen(function* () {
      const job = yield* jobOf(["-f", "lavfi", "-i", "anoisesrc", "-t", "60", "out.wav"], {
        fileBytes: 100_000,
      });
      const error = yield* Effect.flip(run(job, Stream.runDrain));
      assert.strictEqual(error._tag === "ProcessFailed" && error.reason, "OutputLimit");
      assert.isAtMost(readFileSync(`${job.directory}/out.wav`).length, 100_000);
    }));

  it.effect("may write no file unless that is allowed", () =>
    Effect.gen(function* () {
      const job = yield* jobOf(["-f", "lavfi", "-i", "anoisesrc", "-t", "1", "out.wav"]);
      const error = yield* Effect.flip(run(job, Stream.runDrain));
      assert.strictEqual(error._tag === "ProcessFailed" && error.reason, "OutputLimit");
    }));

  it.effect.each(["SIGTERM", "SIGKILL"] as const)(
    "may succeed another time when somebody else ends it by %s",
    (signal) =>
      Effect.gen(function* () {
        const { fiber, pid } = yield* startEndless;
        process.kill(pid, signal);
        const { result: error } = yield* Fiber.join(fiber);
        assert.strictEqual(error._tag === "MediaError" && error.reason._tag, "Unavailable");
      }),
  );

  it.effect.each(["No space left on device", "Exiting normally, received signal 15."])(
    "fails for good though a tag says: %s",
    (title) =>
      Effect.gen(function* () {
        const tagged = ["-f", "lavfi", "-i", "anullsrc=d=0.1", "-metadata", `title=${title}`, "tagged.wav"];
        const job = yield* jobOf(tagged, { fileBytes: 100_000 });
        yield* run(job, Stream.runDrain);
        const args = ["-i", "tagged.wav", "-c:a", "nonsense", "-f", "null", "-"];
        const error = yield* Effect.flip(run({ ...job, args }, Stream.runDrain));
        assert.strictEqual(error._tag === "ProcessFailed" && error.reason, "Refused");
        assert.include(error._tag === "ProcessFailed" ? error.log : "", title);
      }),
  );

  it.effect("may succeed another time when the disk is full", () =>
    Effect.gen(function* () {
      const job = yield* jobOf(["-f", "lavfi", "-i", "anullsrc", "-t", "30", "-y", "-f", "wav", "/dev/full"]);
      const error = yield* Effect.flip(run(job, Stream.runDrain));
      assert.strictEqual(error._tag === "MediaError" && error.reason._tag, "Unavailable");
    }));

  it.effect("may succeed another time when it cannot be started", () =>
    Effect.gen(function* () {
      const job = yield* jobOf(["-version"], { directory: "/nowhere" });
      const error = yield* Effect.flip(run(job, Stream.runDrain));
      assert.strictEqual(error._tag === "MediaError" && error.reason._tag, "Unavailable");
    }));

  it.effect("is a span that tells the program, its arguments and how it ended", () =>
    Effect.gen(function* () {
      const job = yield* jobOf(["-f", "lavfi", "-i", "nonsense", "-f", "null", "-"]);
      const spans: Array<Tracer.NativeSpan> = [];
      const { result: error } = yield* withProcesses(Effect.flip(run(job, Stream.runDrain)), spans);
      assert.strictEqual(error._tag === "ProcessFailed" && error.reason, "Refused");
      const [span] = spans;
      assert.strictEqual(span?.name, "ffmpeg test");
      assert.strictEqual(span?.attributes.get("process.executable.name"), "ffmpeg");
      assert.strictEqual(span?.attributes.get("process.exit.code"), 1);
      const args = span?.attributes.get("process.command_args");
      assert.deepStrictEqual(args, ["ffmpeg", "-f", "lavfi", "-i", "nonsense", "-f", "null", "-"]);
    }));

  it.effect("keeps only the end of a long log", () =>
    Effect.gen(function* () {
      const chatty = ["-f", "lavfi", "-i", "anoisesrc=d=20", "-af", "ashowinfo", "-f", "null", "-"];
      const { log } = yield* run(yield* jobOf(chatty), Stream.runDrain);
      assert.strictEqual(log.length, 65_536);
      assert.include(log, "muxing overhead");
    }));

  it.effect("may take more CPU time the more samples there are", () =>
    Effect.sync(() => {
      assert.strictEqual(cpuSecondsFor(0), 30);
      assert.strictEqual(cpuSecondsFor(6 * 3_600 * 44_100 * 2), 30 + 7_621);
    }));
});

it.effect("a run of ffmpeg is ended by its limit of wall time", () =>
  Effect.gen(function* () {
    const { fiber, pid } = yield* startEndless;
    yield* TestClock.adjust("180 seconds");
    const { result: error } = yield* Fiber.join(fiber);
    assert.strictEqual(error._tag === "ProcessFailed" && error.reason, "TimeLimit");
    assert.isFalse(isAlive(pid));
  }).pipe(Effect.provide(NodeServices.layer)));
