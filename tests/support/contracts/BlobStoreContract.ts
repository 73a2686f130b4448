import { assert, layer } from "@effect/vitest";
import { Deferred, Effect, Fiber, type Layer, Schema, type Scope, Stream } from "effect";
import { Buffer } from "node:buffer";
import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BlobKey } from "../../../domain/BlobKey.ts";
import { BlobStore, type BlobStoreError } from "../../../services/BlobStore.ts";

const toKey = Schema.decodeSync(BlobKey);

/** A prefix that no other test uses, so that adapters may keep their objects between tests. */
export const freshPrefix = (): string => `contract/${randomBytes(8).toString("hex")}/`;

/** A key below a prefix. */
export const keyOf = (prefix: string, name: string): BlobKey => toKey(`${prefix}${name}`);

/** A directory that is removed with the scope. */
export const scratchDirectory = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "tapedeck-blobs-"))),
  (directory) => Effect.promise(() => rm(directory, { recursive: true, force: true })),
);

/** Content that is a text. */
export const text = (content: string): Stream.Stream<Uint8Array> => Stream.make(Buffer.from(content));

/** All bytes of a stream. */
export const collect = <E, R>(stream: Stream.Stream<Uint8Array, E, R>): Effect.Effect<Buffer, E, R> =>
  Stream.runCollect(stream).pipe(Effect.map(Buffer.concat));

/** The reason of the error that an effect is expected to fail with. */
export const reasonOf = <A, R>(effect: Effect.Effect<A, BlobStoreError, R>) =>
  Effect.flip(effect).pipe(Effect.map(({ reason }) => reason));

const listed = (store: BlobStore["Service"], prefix: string) => Stream.runCollect(store.list(prefix));

/** Bytes as a stream of chunks of uneven sizes. */
const chunked = (bytes: Uint8Array) => {
  const chunks: Array<Uint8Array> = [];
  for (let at = 0, size = 1; at < bytes.length; at += size, size = size * 3 + 1) {
    chunks.push(bytes.subarray(at, at + size));
  }
  return Stream.fromIterable(chunks);
};

/** A stream that has given half of the bytes when `halfway` completes, and waits for `proceed` with the rest. */
export const halting = Effect.fnUntraced(function* (bytes: Uint8Array) {
  const halfway = yield* Deferred.make<void>();
  const proceed = yield* Deferred.make<void>();
  const rest = Deferred.succeed(halfway, undefined).pipe(
    Effect.andThen(Deferred.await(proceed)),
    Effect.as(bytes.subarray(bytes.length / 2)),
  );
  const content = Stream.make(bytes.subarray(0, bytes.length / 2)).pipe(
    Stream.concat(Stream.fromEffect(rest)),
  );
  return { content, halfway, proceed };
});

/** What every adapter of the port `BlobStore` keeps to. */
export const blobStoreContract = <E>(name: string, adapter: Layer.Layer<BlobStore, E>): void => {
  layer(adapter, { excludeTestServices: true })(name, (it) => {
    const test = (
      sentence: string,
      body: (store: BlobStore["Service"], prefix: string) => Effect.fn.Return<void, unknown, Scope.Scope>,
    ) =>
      it.effect(
        sentence,
        () => Effect.flatMap(BlobStore, (store) => Effect.gen(() => body(store, freshPrefix()))),
      );

    test("gives back what was put, with its size", function* (store, prefix) {
      const key = keyOf(prefix, "original.wav");
      const bytes = randomBytes(1_000_003);
      assert.deepStrictEqual(yield* store.put(key, chunked(bytes)), { key, sizeBytes: bytes.length });
      assert.deepStrictEqual(yield* store.head(key), { key, sizeBytes: bytes.length });
      assert.isTrue((yield* collect(store.get(key))).equals(bytes));
    });

    test("keeps an object without bytes", function* (store, prefix) {
      const key = keyOf(prefix, "empty.bin");
      assert.deepStrictEqual(yield* store.put(key, Stream.empty), { key, sizeBytes: 0 });
      assert.strictEqual((yield* collect(store.get(key))).length, 0);
    });

    test("replaces an object", function* (store, prefix) {
      const key = keyOf(prefix, "a.mp3");
      yield* store.put(key, text("the first, longer one"));
      yield* store.put(key, text("the second"));
      assert.strictEqual((yield* collect(store.get(key))).toString(), "the second");
      assert.strictEqual((yield* store.head(key)).sizeBytes, 10);
    });

    test("shows nothing of an object while it is put", function* (store, prefix) {
      const [fresh, replaced] = [keyOf(prefix, "fresh.mp3"), keyOf(prefix, "replaced.mp3")];
      yield* store.put(replaced, text("old"));
      const bytes = randomBytes(100_000);
      const { content, halfway, proceed } = yield* halting(bytes);
      const other = yield* halting(bytes);
      const puts = yield* Effect.forkChild(
        Effect.all([store.put(fresh, content), store.put(replaced, other.content)], { concurrency: 2 }),
      );
      yield* Deferred.await(halfway);
      yield* Deferred.await(other.halfway);

      assert.strictEqual(yield* reasonOf(store.head(fresh)), "NotFound");
      assert.strictEqual(yield* reasonOf(collect(store.get(fresh))), "NotFound");
      assert.strictEqual((yield* collect(store.get(replaced))).toString(), "old");
      assert.deepStrictEqual(yield* listed(store, prefix), [{ key: replaced, sizeBytes: 3 }]);

      yield* Deferred.succeed(proceed, undefined);
      yield* Deferred.succeed(other.proceed, undefined);
      yield* Fiber.join(puts);
      assert.isTrue((yield* collect(store.get(fresh))).equals(bytes));
      assert.isTrue((yield* collect(store.get(replaced))).equals(bytes));
    });

    test("leaves what was there when the stream fails, and passes its error on", function* (store, prefix) {
      const [fresh, replaced] = [keyOf(prefix, "fresh.mp3"), keyOf(prefix, "replaced.mp3")];
      yield* store.put(replaced, text("old"));
      const broken = text("half").pipe(Stream.concat(Stream.fail("cut off")));
      assert.strictEqual(yield* Effect.flip(store.put(fresh, broken)), "cut off");
      assert.strictEqual(yield* Effect.flip(store.put(replaced, broken)), "cut off");
      assert.deepStrictEqual(yield* listed(store, prefix), [{ key: replaced, sizeBytes: 3 }]);
      assert.strictEqual((yield* collect(store.get(replaced))).toString(), "old");
    });

    test("leaves nothing of an interrupted put", function* (store, prefix) {
      const { content, halfway } = yield* halting(randomBytes(100_000));
      const put = yield* Effect.forkChild(store.put(keyOf(prefix, "a.mp3"), content));
      yield* Deferred.await(halfway);
      yield* Fiber.interrupt(put);
      assert.deepStrictEqual(yield* listed(store, prefix), []);
    });

    test("shows one whole object to a reader, even when it is replaced meanwhile", function* (store, prefix) {
      const key = keyOf(prefix, "a.wav");
      const bytes = randomBytes(2_000_000);
      yield* store.put(key, Stream.make(bytes));
      const chunks: Array<Uint8Array> = [];
      yield* Stream.runForEach(store.get(key), (chunk) => {
        chunks.push(chunk);
        return chunks.length === 1 ? Effect.asVoid(store.put(key, text("new"))) : Effect.void;
      });
      assert.isTrue(Buffer.concat(chunks).equals(bytes));
      assert.strictEqual((yield* collect(store.get(key))).toString(), "new");
    });

    test("keeps one of several objects that are put under a key at once", function* (store, prefix) {
      const key = keyOf(prefix, "a.wav");
      const contents = Array.from({ length: 8 }, (_, index) => Buffer.alloc(200_000 + index, index));
      yield* Effect.forEach(contents, (bytes) => store.put(key, chunked(bytes)), {
        concurrency: "unbounded",
      });
      const kept = yield* collect(store.get(key));
      assert.isTrue(contents.some((bytes) => kept.equals(bytes)));
    });

    test("puts objects beside others that are deleted at the same time", function* (store, prefix) {
      const names = Array.from({ length: 300 }, (_, index) => `renditions/deep/${index}.mp3`);
      yield* Effect.forEach(names, (name) => {
        const key = keyOf(prefix, name);
        return store.put(key, text(name)).pipe(Effect.andThen(store.delete(key)));
      }, { concurrency: 3 });
      assert.deepStrictEqual(yield* listed(store, prefix), []);
    });

    test("reads a range, up to the end at most", function* (store, prefix) {
      const key = keyOf(prefix, "a.wav");
      const bytes = randomBytes(700_000);
      yield* store.put(key, Stream.make(bytes));
      const ranges = [[0, 1], [0, 700_000], [299_999, 300_001], [699_999, 1], [600_000, 999_999]] as const;
      for (const [start, length] of ranges) {
        const part = yield* collect(store.get(key, { start, length }));
        assert.isTrue(part.equals(bytes.subarray(start, start + length)), `${length} bytes from ${start}`);
      }
    });

    test("reports as not found what was never put, and the prefix of an object", function* (store, prefix) {
      const directory = yield* scratchDirectory;
      yield* store.put(keyOf(prefix, "renditions/a.mp3"), text("a"));
      for (const name of ["b.mp3", "renditions", "renditions/a.mp3/b"]) {
        const key = keyOf(prefix, name);
        assert.strictEqual(yield* reasonOf(store.head(key)), "NotFound", name);
        assert.strictEqual(yield* reasonOf(collect(store.get(key))), "NotFound", name);
        assert.strictEqual(yield* reasonOf(store.fetchTo(key, join(directory, "b"))), "NotFound", name);
      }
    });

    test("stores a local file, and brings an object to one", function* (store, prefix) {
      const key = keyOf(prefix, "renditions/a.flac");
      const directory = yield* scratchDirectory;
      const [source, target] = [join(directory, "source"), join(directory, "target")];
      const bytes = randomBytes(300_000);
      yield* Effect.promise(() => writeFile(source, bytes));
      yield* Effect.promise(() => writeFile(target, "an older file"));
      assert.deepStrictEqual(yield* store.putFile(key, source), { key, sizeBytes: bytes.length });
      assert.isTrue((yield* collect(store.get(key))).equals(bytes));
      yield* store.fetchTo(key, target);
      assert.isTrue((yield* Effect.promise(() => readFile(target))).equals(bytes));
      yield* Effect.promise(() => rm(target));
      assert.strictEqual((yield* store.head(key)).sizeBytes, bytes.length);
    });

    test("lists the objects below a prefix in the order of their keys", function* (store, prefix) {
      const names = ["a-b.mp3", "a.mp3", "a/1", "a/2/x", "a/2/y", "a0", "b"];
      yield* Effect.forEach(names.toReversed(), (name) => store.put(keyOf(prefix, name), text(name)));
      const infoOf = (name: string) => ({ key: keyOf(prefix, name), sizeBytes: name.length });
      assert.deepStrictEqual(yield* listed(store, prefix), names.map(infoOf));
      assert.deepStrictEqual(yield* listed(store, `${prefix}a/`), ["a/1", "a/2/x", "a/2/y"].map(infoOf));
      assert.deepStrictEqual(yield* listed(store, `${prefix}c/`), []);
    });

    test("deletes an object and no other; deleting it again is no error", function* (store, prefix) {
      const [kept, deleted] = [keyOf(prefix, "renditions/kept"), keyOf(prefix, "renditions/x/deleted")];
      yield* Effect.forEach([kept, deleted], (key) => store.put(key, text("x")));
      yield* store.delete(deleted);
      yield* store.delete(deleted);
      assert.strictEqual(yield* reasonOf(store.head(deleted)), "NotFound");
      assert.deepStrictEqual(yield* listed(store, prefix), [{ key: kept, sizeBytes: 1 }]);
    });

    test("can be written to", function* (store) {
      yield* store.check;
    });
  });
};
