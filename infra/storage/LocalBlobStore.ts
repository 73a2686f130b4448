/**
 * Objects as files below one directory. Files under way lie in its `.tmp`, a name that no key can have, and are renamed
 * into place.
 */
import { Effect, Layer, Option, Schema, Stream } from "effect";
import { randomUUID } from "node:crypto";
import { type FileHandle, link, mkdir, open, readdir, rm, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { BlobKey } from "../../domain/BlobKey.ts";
import { type BlobInfo, BlobStore, BlobStoreError, type ByteRange } from "../../services/BlobStore.ts";
import { ownPrefix, removeLeftovers } from "../system/Leftovers.ts";
import { codeOf, publish, remove, unlessMissing } from "./DurableFile.ts";

/** The port `BlobStore` on a directory, which is created if need be; fails when that cannot be done. */
export const layer = (options: { readonly directory: string }): Layer.Layer<BlobStore, BlobStoreError> =>
  Layer.effect(BlobStore, make(resolve(options.directory)));

const make = Effect.fnUntraced(function* (root: string) {
  const temporaries = join(root, ".tmp");
  yield* io(".tmp", () => mkdir(temporaries, { recursive: true, mode: 0o700 }));
  yield* io(".tmp", () => removeLeftovers(temporaries));

  const withTemporary = <A, E, R>(use: (path: string) => Effect.Effect<A, E, R>) =>
    Effect.suspend(() => {
      const path = join(temporaries, `${ownPrefix()}${randomUUID()}`);
      return use(path).pipe(Effect.ensuring(discard(path)));
    });

  const put = <E, R>(key: BlobKey, content: Stream.Stream<Uint8Array, E, R>) =>
    Effect.suspend(() => {
      const target = pathOf(root, key);
      return withTemporary((path) =>
        write(key, path, content).pipe(Effect.andThen(io(key, () => publish(root, path, target))))
      );
    }).pipe(Effect.map((sizeBytes) => ({ key, sizeBytes })), Effect.withSpan("BlobStore.put"));

  const putFile = (key: BlobKey, path: string) =>
    io(key, () => publish(root, path, pathOf(root, key))).pipe(
      Effect.map((sizeBytes) => ({ key, sizeBytes })),
      Effect.catchIf((error) => codeOf(error.cause) === "EXDEV", () => put(key, read(key, path))),
      Effect.withSpan("BlobStore.putFile"),
    );

  const get = (key: BlobKey, range?: ByteRange) => Stream.suspend(() => read(key, pathOf(root, key), range));

  const fetchTo = (key: BlobKey, path: string) =>
    io(key, async () => {
      const source = pathOf(root, key);
      await rm(path, { force: true });
      await link(source, path);
    }).pipe(
      // Another file system, or one without hard links; what is truly missing is found missing again.
      Effect.catch(() => write(key, path, get(key)).pipe(Effect.onError(() => discard(path)))),
      Effect.withSpan("BlobStore.fetchTo"),
    );

  const head = Effect.fnUntraced(function* (key: BlobKey) {
    const info = yield* io(key, () => stat(pathOf(root, key)));
    if (!info.isFile()) return yield* new BlobStoreError({ reason: "NotFound", key });
    return { key, sizeBytes: info.size };
  });

  const list = (prefix: string) =>
    Stream.suspend(() => {
      if (!prefix.endsWith("/")) throw new RangeError(`Not a prefix of keys: ${prefix}`);
      pathOf(root, `${prefix}object`);
      return Stream.fromAsyncIterable(walk(root, prefix), failure(prefix));
    });

  return BlobStore.of({
    put,
    putFile,
    get,
    fetchTo,
    head,
    list,
    delete: (key) => io(key, () => remove(root, pathOf(root, key))),
    check: withTemporary((path) => write(".tmp", path, Stream.make(new Uint8Array(1)))),
  });
});

// --- Paths ---

const isKey = Schema.is(BlobKey);

/** Refuses, as a defect, whatever is not a key, and with it every path that leaves the root or enters `.tmp`. */
const pathOf = (root: string, key: string): string => {
  if (!isKey(key)) throw new RangeError(`Not a key of the blob store: ${key}`);
  return join(root, key);
};

/** In the order of keys: a directory sorts as if its name ended in the `/` that follows. */
async function* walk(root: string, prefix: string): AsyncGenerator<BlobInfo> {
  const entries = await unlessMissing(readdir(join(root, prefix), { withFileTypes: true })) ?? [];
  const keys = entries.map((entry) => `${prefix}${entry.name}${entry.isDirectory() ? "/" : ""}`).sort();
  for (const key of keys) {
    if (key.endsWith("/")) yield* walk(root, key);
    else if (isKey(key)) {
      const info = await unlessMissing(stat(join(root, key)));
      if (info) yield { key, sizeBytes: info.size };
    }
  }
}

// --- Input and output ---

const chunkBytes = 262_144;

const read = (key: string, path: string, { start, length }: ByteRange = { start: 0, length: Infinity }) =>
  Effect.acquireRelease(io(key, () => open(path, "r")), (file) => close(key, file)).pipe(
    Effect.map((file) =>
      Stream.paginate(start, (at) =>
        io(key, async () => {
          const chunk = new Uint8Array(Math.min(chunkBytes, start + length - at));
          const { bytesRead } = await file.read(chunk, 0, chunk.length, at);
          return bytesRead === 0
            ? [[], Option.none()]
            : [[chunk.subarray(0, bytesRead)], Option.some(at + bytesRead)];
        }))
    ),
    Stream.unwrap,
  );

/** Creates a file. That its directory is missing says nothing about the object. */
const write = <E, R>(key: string, path: string, content: Stream.Stream<Uint8Array, E, R>) =>
  Effect.acquireUseRelease(
    io(key, () => open(path, "wx", 0o600), "Unavailable"),
    (file) => Stream.runForEach(content, (bytes) => io(key, () => writeAll(file, bytes))),
    (file) => close(key, file),
  );

const writeAll = async (file: FileHandle, bytes: Uint8Array): Promise<void> => {
  for (let at = 0; at < bytes.length;) at += (await file.write(bytes, at)).bytesWritten;
};

const close = (key: string, file: FileHandle) => io(key, () => file.close()).pipe(Effect.ignore);

const discard = (path: string) => io(path, () => rm(path, { force: true })).pipe(Effect.ignore);

/** Uninterruptible, so that no system call outlives the effect that it belongs to. */
const io = <A>(key: string, run: () => Promise<A>, missing?: BlobStoreError["reason"]) =>
  Effect.uninterruptible(Effect.tryPromise({ try: run, catch: failure(key, missing) }));

/** What a failed system call means; anything else that was thrown is thrown on, as a defect. */
const failure = (key: string, missing: BlobStoreError["reason"] = "NotFound") => (cause: unknown) => {
  const code = codeOf(cause);
  if (code === undefined) throw cause;
  const reason = code === "ENOSPC" || code === "EDQUOT"
    ? "OutOfSpace"
    // ENOTDIR: a part of the path is an object; EISDIR: all of it is a directory.
    : code === "ENOENT" || code === "ENOTDIR" || code === "EISDIR"
    ? missing
    : "Unavailable";
  return new BlobStoreError({ reason, key, cause });
};
