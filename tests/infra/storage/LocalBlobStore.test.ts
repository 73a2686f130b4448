import { assert, describe, it } from "@effect/vitest";
import { Cause, Deferred, Effect, Exit, Fiber, Layer, type Scope, Stream } from "effect";
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { BlobKey } from "../../../domain/BlobKey.ts";
import * as LocalBlobStore from "../../../infra/storage/LocalBlobStore.ts";
import { BlobStore } from "../../../services/BlobStore.ts";
import {
  blobStoreContract,
  collect,
  halting,
  keyOf,
  reasonOf,
  scratchDirectory,
  text,
} from "../../support/contracts/BlobStoreContract.ts";

blobStoreContract(
  "BlobStore on the local disk",
  Layer.unwrap(Effect.map(scratchDirectory, (directory) => LocalBlobStore.layer({ directory }))),
);

/** A test on a new store, which is told the directory. */
const test = (
  sentence: string,
  body: (store: BlobStore["Service"], directory: string) => Effect.fn.Return<void, unknown, Scope.Scope>,
) =>
  it.live(sentence, () =>
    Effect.gen(function* () {
      const directory = join(yield* scratchDirectory, "blobs");
      const store = yield* Effect.provide(BlobStore, LocalBlobStore.layer({ directory }));
      yield* Effect.gen(() => body(store, directory));
    }));

const filesIn = (directory: string) => Effect.promise(() => readdir(directory));

const modeOf = (path: string) => Effect.promise(async () => ((await stat(path)).mode & 0o777).toString(8));

/** A directory on another file system where there is one, as on Linux. */
const otherFileSystem = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "tapedeck-blobs-"))),
  (directory) => Effect.promise(() => rm(directory, { recursive: true })),
);

describe("LocalBlobStore", () => {
  test("writes to a temporary file first, and leaves none when interrupted", function* (store, directory) {
    const { content, halfway } = yield* halting(randomBytes(100_000));
    const put = yield* Effect.forkChild(store.put(keyOf("tenant/user/", "a.mp3"), content));
    yield* Deferred.await(halfway);
    const [temporary, ...others] = yield* filesIn(join(directory, ".tmp"));
    assert.isDefined(temporary);
    assert.deepStrictEqual(others, []);
    assert.strictEqual(
      yield* Effect.promise(async () => (await stat(join(directory, ".tmp", temporary))).size),
      50_000,
    );
    yield* Fiber.interrupt(put);
    assert.deepStrictEqual(yield* filesIn(join(directory, ".tmp")), []);
    assert.deepStrictEqual(yield* filesIn(directory), [".tmp"]);
  });

  test(
    "leaves no temporary file behind when the stream fails, nor after a put or a check",
    function* (store, directory) {
      const key = keyOf("tenant/user/", "a.mp3");
      const broken = text("half").pipe(Stream.concat(Stream.fail("cut off")));
      yield* Effect.flip(store.put(key, broken));
      yield* store.put(key, text("whole"));
      yield* store.check;
      assert.deepStrictEqual(yield* filesIn(join(directory, ".tmp")), []);
    },
  );

  it.live("removes at its start what crashed processes left, and nothing of those that run", () =>
    Effect.gen(function* () {
      const directory = yield* scratchDirectory;
      const temporaries = join(directory, ".tmp");
      yield* Effect.promise(() => mkdir(temporaries));
      const { pid: gone } = spawnSync(process.execPath, ["--version"]);
      const [now, before] = [new Date(), new Date(performance.timeOrigin - 1_000)];
      const longAgo = new Date(Date.now() - 25 * 3_600_000);
      const cases: ReadonlyArray<readonly [name: string, modified: Date, isKept: boolean]> = [
        [`${hostname()}~${gone}~crashed`, now, false],
        [`${hostname()}~${process.pid}~crashed-with-the-same-id`, before, false],
        [`${hostname()}~${process.pid}~own`, now, true],
        [`${hostname()}~${process.ppid}~neighbour`, before, true],
        [`${hostname()}~${process.ppid}~id-taken-by-a-neighbour`, longAgo, false],
        [`elsewhere.${hostname()}~${gone}~running-on-another-host`, now, true],
        [`elsewhere.${hostname()}~${gone}~crashed-on-another-host`, longAgo, false],
      ];
      for (const [name, modified] of cases) {
        yield* Effect.promise(async () => {
          await writeFile(join(temporaries, name), "half");
          await utimes(join(temporaries, name), modified, modified);
        });
      }
      yield* Effect.provide(BlobStore, LocalBlobStore.layer({ directory }));
      assert.deepStrictEqual(
        (yield* filesIn(temporaries)).sort(),
        cases.filter(([, , isKept]) => isKept).map(([name]) => name).sort(),
      );
    }));

  it.live("keeps objects from one start to the next", () =>
    Effect.gen(function* () {
      const directory = yield* scratchDirectory;
      const key = keyOf("tenant/user/", "a.mp3");
      const put = BlobStore.use((store) => store.put(key, text("kept")));
      const get = BlobStore.use((store) => collect(store.get(key)));
      yield* Effect.provide(put, LocalBlobStore.layer({ directory }));
      assert.strictEqual(
        (yield* Effect.provide(get, LocalBlobStore.layer({ directory }))).toString(),
        "kept",
      );
    }));

  test("keeps everything to the user that runs it", function* (store, directory) {
    const source = join(yield* scratchDirectory, "source");
    yield* Effect.promise(() => writeFile(source, "open to all", { mode: 0o666 }));
    yield* store.put(keyOf("tenant/user/", "a.mp3"), text("a"));
    yield* store.putFile(keyOf("tenant/user/", "b.mp3"), source);
    for (const path of [".", ".tmp", "tenant", "tenant/user"]) {
      assert.strictEqual(yield* modeOf(join(directory, path)), "700", path);
    }
    for (const path of ["tenant/user/a.mp3", "tenant/user/b.mp3"]) {
      assert.strictEqual(yield* modeOf(join(directory, path)), "600", path);
    }
  });

  test("stores and fetches within a file system without a copy", function* (store, directory) {
    const key = keyOf("tenant/user/", "a.mp3");
    const scratch = yield* scratchDirectory;
    const [source, target] = [join(scratch, "source"), join(scratch, "target")];
    yield* Effect.promise(() => writeFile(source, "bytes"));
    const inodeOf = (path: string) => Effect.promise(async () => (await stat(path)).ino);
    const inode = yield* inodeOf(source);
    yield* store.putFile(key, source);
    yield* store.fetchTo(key, target);
    assert.deepStrictEqual([yield* inodeOf(join(directory, key)), yield* inodeOf(target)], [
      inode,
      inode,
    ]);
  });

  test("copies to and from another file system, and leaves no half of a copy", function* (store, directory) {
    const key = keyOf("tenant/user/", "a.mp3");
    const scratch = yield* otherFileSystem;
    const [source, target] = [join(scratch, "source"), join(scratch, "target")];
    const bytes = randomBytes(1_000_000);
    yield* Effect.promise(() => writeFile(source, bytes));
    assert.deepStrictEqual(yield* store.putFile(key, source), { key, sizeBytes: bytes.length });
    yield* store.fetchTo(key, target);
    assert.isTrue((yield* Effect.promise(() => readFile(target))).equals(bytes));
    assert.deepStrictEqual(yield* filesIn(join(directory, ".tmp")), []);
    yield* Effect.flip(store.fetchTo(keyOf("tenant/user/", "missing"), target));
    assert.isFalse(existsSync(target));
  });

  test(
    "removes the directories that a deletion leaves empty, but not the root",
    function* (store, directory) {
      const [deep, shallow] = [keyOf("tenant/user/audio/", "a"), keyOf("tenant/user/", "b")];
      yield* Effect.forEach([deep, shallow], (key) => store.put(key, text("x")));
      yield* store.delete(deep);
      assert.deepStrictEqual(yield* filesIn(join(directory, "tenant/user")), ["b"]);
      yield* Effect.promise(() => rm(join(directory, ".tmp"), { recursive: true }));
      yield* store.delete(shallow);
      assert.deepStrictEqual(yield* filesIn(directory), []);
    },
  );

  test("dies of a key or a prefix that would leave the root", function* (store, directory) {
    const outside = join(directory, "..", "outside");
    yield* Effect.promise(() => writeFile(outside, "not ours"));
    yield* Effect.promise(() => writeFile(join(directory, ".tmp", "hidden"), "x"));
    const unsafe = [
      "../outside",
      "a/../../outside",
      outside,
      "",
      "/",
      "a//b",
      "./a/b",
      ".tmp/hidden",
      "a/b\0",
    ];
    for (const path of unsafe) {
      const key = BlobKey.make(path, { disableChecks: true });
      const attempts: Record<string, Effect.Effect<unknown, unknown>> = {
        put: store.put(key, text("x")),
        putFile: store.putFile(key, join(directory, ".tmp", "hidden")),
        get: Stream.runDrain(store.get(key)),
        fetchTo: store.fetchTo(key, join(directory, "fetched")),
        head: store.head(key),
        list: Stream.runDrain(store.list(`${path}/`)),
        delete: store.delete(path),
      };
      for (const [name, attempt] of Object.entries(attempts)) {
        const exit = yield* Effect.exit(attempt);
        assert.isTrue(
          Exit.isFailure(exit) && Cause.hasDies(exit.cause),
          `${name} of ${JSON.stringify(path)}`,
        );
      }
    }
    assert.strictEqual(yield* Effect.promise(() => readFile(outside, "utf8")), "not ours");
    assert.deepStrictEqual(yield* filesIn(directory), [".tmp"]);
    assert.deepStrictEqual(yield* filesIn(join(directory, ".tmp")), ["hidden"]);
  });

  test("is unavailable when its directory is gone", function* (store, directory) {
    yield* Effect.promise(() => rm(directory, { recursive: true }));
    assert.strictEqual(yield* reasonOf(store.check), "Unavailable");
    const put = store.put(keyOf("tenant/user/", "a.mp3"), text("x"));
    assert.strictEqual(yield* reasonOf(put), "Unavailable");
  });

  it.live("does not start on a path that is no directory", () =>
    Effect.gen(function* () {
      const file = join(yield* scratchDirectory, "file");
      yield* Effect.promise(() => writeFile(file, "x"));
      const started = Effect.provide(BlobStore, LocalBlobStore.layer({ directory: file }));
      assert.strictEqual((yield* Effect.flip(started))._tag, "BlobStoreError");
    }));
});
