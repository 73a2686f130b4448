import { Clock, Effect } from "effect";
import type { TenantId } from "../../domain/Id.ts";
import { type CommandMeta, initial } from "../../services/actors/CommandMeta.ts";
import { nextId } from "../../services/Ids.ts";

/** How long the command of a request may wait for its turn, in milliseconds: a client that waits longer had better ask again. */
export const patience = 10_000;

/** What travels with the command of a request: a new id, and a deadline from now. */
export const clientCommand = Effect.fnUntraced(function* (
  tenantId: TenantId,
): Effect.fn.Return<CommandMeta> {
  const now = yield* Clock.currentTimeMillis;
  return initial(tenantId, yield* nextId("cmd"), new Date(now + patience));
});
