import { NodeServices } from "@effect/platform-node";
import { Effect } from "effect";
import { ensureNatsServer } from "../infra/system/SystemPackages.ts";
import { startScratchNats } from "../tests/support/ScratchNats.ts";

/** A NATS server for one measure; it ends with the scope. */
export const benchNats = Effect.gen(function* () {
  const program = yield* Effect.orDie(ensureNatsServer);
  return yield* Effect.acquireRelease(
    Effect.promise(() => startScratchNats(program)),
    ({ stop }) => Effect.promise(stop),
  );
}).pipe(Effect.provide(NodeServices.layer));
