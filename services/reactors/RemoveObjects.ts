import { Effect } from "effect";
import type { RecordedEvent } from "../../domain/event/RecordedEvent.ts";
import type { CleanupCommand } from "../../domain/cleanup/Cleanup.ts";
import { Actors } from "../actors/Actors.ts";
import { causedBy } from "../actors/CommandMeta.ts";
import { BlobStore } from "../BlobStore.ts";
import type { Consumer } from "../EventBus.ts";
import { nextId } from "../Ids.ts";
import { deleteAll } from "./DeleteAll.ts";
import { insist } from "./Insistence.ts";

/** Removes every object of a deleted upload. */
export const makeRemoveObjects = Effect.gen(function* () {
  const { cleanups } = yield* Actors;
  const blobs = yield* BlobStore;

  const send = (recorded: RecordedEvent, command: CleanupCommand) =>
    Effect.flatMap(
      nextId("cmd"),
      (commandId) => insist(cleanups.send(command, causedBy(recorded, commandId))),
    );

  const handle = Effect.fnUntraced(function* (recorded: RecordedEvent) {
    const { event } = recorded;
    if (event._tag !== "CleanupRequested" && event._tag !== "CleanupRetried") return;
    const { cleanupId } = event;
    const { state } = yield* send(recorded, { _tag: "StartCleanup", cleanupId });
    if (state?.job.status !== "running") return;
    const removed = yield* deleteAll(blobs, state.requested.prefix);
    yield* send(recorded, { _tag: "CompleteCleanup", cleanupId, ...removed });
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
