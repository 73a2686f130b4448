import { Effect } from "effect";
import type { RecordedEvent } from "../../domain/event/RecordedEvent.ts";
import { Actors } from "../actors/Actors.ts";
import { BlobStore } from "../BlobStore.ts";
import type { Consumer } from "../EventBus.ts";
import { deleteAll } from "./DeleteAll.ts";
import { insistOn } from "./Insistence.ts";

/** Removes every object of a deleted upload. */
export const makeRemoveObjects = Effect.gen(function* () {
  const { cleanups } = yield* Actors;
  const blobs = yield* BlobStore;

  const handle = Effect.fnUntraced(function* (recorded: RecordedEvent) {
    const { event } = recorded;
    if (event._tag !== "CleanupRequested" && event._tag !== "CleanupRetried") return;
    const { cleanupId } = event;
    const { state } = yield* insistOn(cleanups, recorded, { _tag: "StartCleanup", cleanupId });
    if (state?.job.status !== "running") return;
    const removed = yield* deleteAll(blobs, state.requested.prefix);
    yield* insistOn(cleanups, recorded, { _tag: "CompleteCleanup", cleanupId, ...removed });
  });

  return {
    name: "remove-objects",
    types: ["CleanupRequested", "CleanupRetried"],
    concurrency: 2,
    handle,
    // The actor does, when its attempts are used up.
    giveUp: null,
  } satisfies Consumer;
});
