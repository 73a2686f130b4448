import { Effect, Layer } from "effect";
import { ApiKeys } from "../../services/ApiKeys.ts";
import { Authorization, Caller } from "../api/Authorization.ts";
import { fail } from "../api/Problem.ts";

/** Lets a request pass with a valid API key, on behalf of the key's tenant. */
export const authorizationLayer = Layer.effect(
  Authorization,
  Effect.gen(function* () {
    const keys = yield* ApiKeys;
    return Authorization.of({
      apiKey: Effect.fnUntraced(function* (handler, { credential }) {
        const caller = yield* keys.authenticate(credential).pipe(
          Effect.catchTag("ApiKeysError", (error) =>
            Effect.andThen(
              Effect.logWarning("API keys could not be checked", error),
              fail("UNAVAILABLE", { detail: "The database is out of reach at the moment; try again" }),
            )),
        );
        if (caller === null) {
          return yield* fail("UNAUTHORIZED", {
            detail: "Send your API key as `Authorization: Bearer <key>`",
          });
        }
        yield* Effect.annotateCurrentSpan("tapedeck.tenant.id", caller.tenantId);
        return yield* Effect.provideService(handler, Caller, caller);
      }),
    });
  }),
);
