import { Effect, Layer, type Redacted } from "effect";
import { ApiKeys } from "../../services/ApiKeys.ts";
import { AdminAuthorization } from "../api/AdminAuthorization.ts";
import { Authorization, Caller } from "../api/Authorization.ts";
import { fail } from "../api/Problem.ts";

/** Finds out who presents a key. */
const authenticate = Effect.fnUntraced(function* (keys: ApiKeys["Service"], credential: Redacted.Redacted) {
  const caller = yield* keys.authenticate(credential).pipe(
    Effect.catchTag("ApiKeysError", (error) =>
      Effect.andThen(
        Effect.logWarning("API keys could not be checked", error),
        fail("UNAVAILABLE", { detail: "The database is out of reach at the moment; try again" }),
      )),
  );
  if (caller === null) {
    return yield* fail("UNAUTHORIZED", { detail: "Send your API key as `Authorization: Bearer <key>`" });
  }
  yield* Effect.annotateCurrentSpan("tapedeck.tenant.id", caller.tenantId);
  return caller;
});

/** Lets a request pass with a valid API key, on behalf of the key's tenant. */
export const authorizationLayer = Layer.effect(
  Authorization,
  Effect.gen(function* () {
    const keys = yield* ApiKeys;
    return Authorization.of({
      apiKey: Effect.fnUntraced(function* (handler, { credential }) {
        return yield* Effect.provideService(handler, Caller, yield* authenticate(keys, credential));
      }),
    });
  }),
);

/** Lets a request pass with a valid API key that has the scope `admin`. */
export const adminAuthorizationLayer = Layer.effect(
  AdminAuthorization,
  Effect.gen(function* () {
    const keys = yield* ApiKeys;
    return AdminAuthorization.of({
      adminKey: Effect.fnUntraced(function* (handler, { credential }) {
        const caller = yield* authenticate(keys, credential);
        if (!caller.scopes.includes("admin")) {
          return yield* fail("FORBIDDEN", { detail: "This needs an API key with the scope `admin`" });
        }
        return yield* Effect.provideService(handler, Caller, caller);
      }),
    });
  }),
);
