import { NodeServices } from "@effect/platform-node";
import { assert } from "@effect/vitest";
import { Effect, Layer, Tracer } from "effect";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import type { MediaFacts } from "../../../domain/media/MediaFacts.ts";
import type { Encoding } from "../../../domain/media/OutputSpec.ts";
import * as FfmpegMediaEngine from "../../../infra/media/FfmpegMediaEngine.ts";
import { MediaEngine, type MediaError } from "../../../services/MediaEngine.ts";

/** A directory of the test's own, removed at its end. */
export const scratchDirectory = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "tapedeck-media-"))),
  (directory) => Effect.promise(() => rm(directory, { recursive: true, force: true })),
);

/** The engine in a directory of its own. */
export const engine = Layer.unwrap(
  Effect.map(
    scratchDirectory,
    (directory) => FfmpegMediaEngine.layer({ workDirectory: join(directory, "work") }),
  ),
).pipe(Layer.provideMerge(NodeServices.layer));

/** A workspace with a source: the given bytes, or what is written to the path that `make` gets. */
export const sourceOf = Effect.fnUntraced(
  function* (content: Uint8Array | string | ((path: string) => void)) {
    const workspace = yield* (yield* MediaEngine).workspace;
    const source = join(workspace, "source");
    if (typeof content !== "function") yield* Effect.promise(() => writeFile(source, content));
    else content(source);
    return { workspace, source };
  },
);

/** The failure of an effect that fails because of its input. */
export const failureOf = <A, R>(effect: Effect.Effect<A, MediaError, R>) =>
  Effect.flip(effect).pipe(
    Effect.map(({ reason }) =>
      reason._tag === "BadInput" ? reason.failure : assert.fail(`unavailable: ${reason.cause}`)
    ),
  );

/** Runs an effect and returns also the spans of the child processes that it ran, in order of their start. */
export const withProcesses = <A, E, R>(
  effect: Effect.Effect<A, E, R>,
  spans: Array<Tracer.NativeSpan> = [],
) =>
  effect.pipe(
    Effect.provideService(
      Tracer.Tracer,
      Tracer.make({
        span: (options) => {
          const span = new Tracer.NativeSpan(options);
          spans.push(span);
          return span;
        },
      }),
    ),
    Effect.map((result) => ({ result, processes: spans.filter((span) => /^ff/.test(span.name)) })),
  );

/** Whether a process still exists. */
export const isAlive = (pid: unknown): boolean => {
  try {
    return process.kill(Number(pid), 0);
  } catch {
    return false;
  }
};

/** An encoding of stereo at 44.1 kHz, unless told otherwise. */
export const encodingOf = (
  encoding: Pick<Encoding, "format"> & Partial<Encoding>,
): Encoding => ({
  name: encoding.format,
  sampleRate: encoding.format === "opus" ? 48_000 : 44_100,
  channels: 2,
  bitrateKbps: null,
  bitratesKbps: null,
  quality: null,
  bitDepth: null,
  loudness: null,
  processing: {},
  tags: {},
  cover: "keep",
  chapters: null,
  ...encoding,
});

/** Facts of stereo at 44.1 kHz, for work that is not preceded by a probe. */
export const factsOf = (facts: Partial<MediaFacts> = {}): MediaFacts => ({
  container: "wav",
  codec: "pcm_s16le",
  durationSeconds: 1,
  sampleRate: 44_100,
  channels: 2,
  bitRate: null,
  tags: {},
  ...facts,
});

/** A progress callback that remembers the shares that it was called with. */
export const recorder = () => {
  const shares: Array<number> = [];
  return { shares, onProgress: (share: number) => Effect.sync(() => void shares.push(share)) };
};

/** Asserts that shares lie between 0 and 1, rise, and end with 1. */
export const assertProgress = (shares: ReadonlyArray<number>): void => {
  assert.isAbove(shares.length, 0);
  for (const [index, share] of shares.entries()) {
    assert.isAbove(share, shares[index - 1] ?? 0);
    assert.isAtMost(share, 1);
  }
  assert.strictEqual(shares.at(-1), 1);
};
