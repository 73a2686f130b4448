import { Cause, Deferred, Effect, Queue, type Stream } from "effect";
import { Worker } from "node:worker_threads";
import type { MediaError } from "../../services/MediaEngine.ts";
import { unavailable } from "./FfmpegProcess.ts";
import { intoBlocks } from "./SampleBlocks.ts";
import type { SampleReply, SampleRequest, SampleWorkerData } from "./SampleWorker.ts";

/** Blocks on their way to a worker: all the samples of a lane that are ever in memory, about 4 MB. */
const blocksInFlight = 4;
const blockBytes = 1_048_576;

/**
 * A worker thread that measures a stream of samples. `feed` reads the stream no faster than it is measured, and calls `onFrames`
 * with the frames so far; `report`, after it, is what the worker found. Both fail if the worker does. The thread ends with the scope.
 */
export const startLane = Effect.fnUntraced(function* <Report>(url: URL, workerData: SampleWorkerData) {
  const free = yield* Queue.unbounded<{ readonly block: ArrayBuffer; readonly frames: number }, MediaError>();
  const result = yield* Deferred.make<Report, MediaError>();
  const worker = yield* Effect.acquireRelease(
    Effect.sync(() => new Worker(url, { workerData })),
    (worker) => Effect.promise(() => worker.terminate()),
  );
  worker.on("message", (reply: SampleReply<Report>) => {
    if ("report" in reply) Deferred.doneUnsafe(result, Effect.succeed(reply.report));
    else Queue.offerUnsafe(free, reply);
  });
  worker.on("error", (error) => {
    Queue.failCauseUnsafe(free, Cause.fail(unavailable(error)));
    Deferred.doneUnsafe(result, Effect.fail(unavailable(error)));
  });
  const post = (request: SampleRequest) => worker.postMessage(request, request.block ? [request.block] : []);
  const frameBytes = workerData.channels * Float32Array.BYTES_PER_ELEMENT;
  const newBlock = () => new ArrayBuffer(blockBytes - blockBytes % frameBytes);
  for (let spare = 1; spare < blocksInFlight; spare++) {
    yield* Queue.offer(free, { block: newBlock(), frames: 0 });
  }
  return {
    feed: (
      samples: Stream.Stream<Uint8Array, MediaError>,
      onFrames: (frames: number) => Effect.Effect<void>,
    ): Effect.Effect<void, MediaError> =>
      intoBlocks(
        samples,
        newBlock(),
        Effect.fnUntraced(function* (block, byteLength) {
          post({ block, byteLength });
          const measured = yield* Queue.take(free);
          yield* onFrames(measured.frames);
          return measured.block;
        }),
      ),
    report: Effect.suspend(() => {
      post({ block: null, byteLength: 0 });
      return Deferred.await(result);
    }),
  };
});
