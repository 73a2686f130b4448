import { Effect } from "effect";
import { HttpMiddleware } from "effect/http";
import { HttpApiBuilder } from "effect/http-api";
import { BlobStore } from "../../services/BlobStore.ts";
import { EventStore } from "../../services/EventStore.ts";
import { Views } from "../../services/views/Views.ts";
import { Api } from "../api/Api.ts";

const check = <A, E>(part: Effect.Effect<A, E>, complaint: string) =>
  part.pipe(
    Effect.timeout("2 seconds"),
    Effect.withTracerEnabled(false),
    Effect.as({ ok: true }),
    Effect.catch((error) => Effect.as(Effect.logWarning(complaint, error), { ok: false, detail: complaint })),
  );

/** Answers the requests of `SystemApi`. */
export const systemHandlers = HttpApiBuilder.group(
  Api,
  "system",
  Effect.fnUntraced(function* (handlers) {
    const store = yield* EventStore;
    const blobs = yield* BlobStore;
    const views = yield* Views;
    return handlers
      .handle("health", () => HttpMiddleware.withLoggerDisabled(Effect.succeed({ status: "ok" as const })))
      .handle("readiness", () =>
        Effect.gen(function* () {
          const parts = {
            eventStore: yield* check(store.head, "The event store does not answer"),
            blobStore: yield* check(blobs.check, "The blob store cannot be written to"),
            views: yield* check(
              Effect.flatMap(store.head, views.awaitPosition),
              "The views are behind the log",
            ),
          };
          return Object.values(parts).every(({ ok }) => ok)
            ? { status: "ready" as const, parts }
            : yield* Effect.fail({ status: "unavailable" as const, parts });
        }).pipe(HttpMiddleware.withLoggerDisabled));
  }),
);
