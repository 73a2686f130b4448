import { Cause, Deferred, Effect, Queue, type Stream } from "effect";
import { Worker } from "node:worker_threads";
import type { MediaError } from "../../services/MediaEngine.ts";
import { intoBlocks } from "./SampleBlocks.ts";
import type { SampleReply, SampleRequest, SampleWorkerData } from "./SampleWorker.ts";

/** Blocks on their way to a worker: all the samples of a lane that are ever in memory, about 4 MB. */
const blocksInFlight = 4;
const blockBytes = 1_048_576;

/**
 * What a thread may have in its heap, in MB, of which it needs some 30; its arrays of numbers are not part of it. Left to itself it
 * takes more and more before it collects garbage.
 */
const resourceLimits = { maxYoungGenerationSizeMb: 8, maxOldGenerationSizeMb: 256 };

/** What a lane was fed, and what its worker found in it: `null` where the worker was lost. */
export interface LaneResult<Report> {
  readonly frames: number;
  readonly report: Report | null;
}

/**
 * A worker thread that measures a stream of samples. `feed` reads the stream no faster than it is measured, calls `onFrames` with the
 * frames so far, and answers what the worker found. When the worker is lost, the stream is read all the same: its writer would
 * wait for ever. The thread ends with the scope.
 */
export const startLane = Effect.fnUntraced(function* <Report>(url: URL, workerData: SampleWorkerData) {
  const free = yield* Queue.unbounded<{ readonly block: ArrayBuffer; readonly frames: number }, "lost">();
  const found = yield* Deferred.make<Report | null>();
  const worker = yield* Effect.acquireRelease(
    Effect.sync(() => new Worker(url, { workerData, resourceLimits })),
    (worker) => Effect.promise(() => worker.terminate()),
  );
  let lost: unknown = null;
  const lose = (why: unknown) => {
    lost ??= why;
    Queue.failCauseUnsafe(free, Cause.fail("lost"));
    Deferred.doneUnsafe(found, Effect.succeed(null));
  };
  worker.on("message", (reply: SampleReply<Report>) => {
    if ("report" in reply) Deferred.doneUnsafe(found, Effect.succeed(reply.report));
    else Queue.offerUnsafe(free, reply);
  });
  worker.on("error", lose);
  worker.on("exit", (code) => lose(`it ended with ${code}`));
  const post = (request: SampleRequest) => worker.postMessage(request, request.block ? [request.block] : []);
  const frameBytes = workerData.channels * Float32Array.BYTES_PER_ELEMENT;
  const newBlock = () => new ArrayBuffer(blockBytes - blockBytes % frameBytes);
  for (let spare = 1; spare < blocksInFlight; spare++) {
    yield* Queue.offer(free, { block: newBlock(), frames: 0 });
  }
  return {
    feed: Effect.fnUntraced(function* (
      samples: Stream.Stream<Uint8Array, MediaError>,
      onFrames: (frames: number) => Effect.Effect<void>,
    ) {
      let bytes = 0;
      yield* intoBlocks(
        samples,
        newBlock(),
        Effect.fnUntraced(function* (block, byteLength) {
          bytes += byteLength;
          if (lost !== null) return block;
          post({ block, byteLength });
          const measured = yield* Queue.take(free).pipe(
            Effect.catch(() => Effect.succeed({ block: newBlock(), frames: 0 })),
          );
          yield* onFrames(measured.frames);
          return measured.block;
        }),
      );
      if (lost === null) post({ block: null, byteLength: 0 });
      const report = yield* Deferred.await(found);
      if (report === null) yield* Effect.logWarning("A measuring thread was lost", lost);
      return { frames: Math.floor(bytes / frameBytes), report } satisfies LaneResult<Report>;
    }),
  };
});
