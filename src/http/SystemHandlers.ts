import { Effect } from "effect";
import { HttpMiddleware } from "effect/http";
import { HttpApiBuilder } from "effect/http-api";
import { Api } from "../api/Api.ts";
import { Readiness, type ReadinessPart } from "../Readiness.ts";

const look = ({ name, check, complaint, isEssential }: ReadinessPart) =>
  check.pipe(
    Effect.timeout("2 seconds"),
    Effect.withTracerEnabled(false),
    Effect.as({ ok: true }),
    Effect.catch((error) => Effect.as(Effect.logWarning(complaint, error), { ok: false, detail: complaint })),
    Effect.map((part) => ({ name, part, isEssential })),
  );

/** Answers the requests of `SystemApi`. */
export const systemHandlers = HttpApiBuilder.group(
  Api,
  "system",
  Effect.fnUntraced(function* (handlers) {
    const readiness = yield* Readiness;
    return handlers
      .handle("health", () => HttpMiddleware.withLoggerDisabled(Effect.succeed({ status: "ok" as const })))
      .handle("readiness", () =>
        Effect.gen(function* () {
          const looks = yield* Effect.forEach(readiness, look, { concurrency: "unbounded" });
          const parts = Object.fromEntries(looks.map(({ name, part }) => [name, part]));
          return looks.every(({ part, isEssential }) => part.ok || !isEssential)
            ? { status: "ready" as const, parts }
            : yield* Effect.fail({ status: "unavailable" as const, parts });
        }).pipe(HttpMiddleware.withLoggerDisabled));
  }),
);
