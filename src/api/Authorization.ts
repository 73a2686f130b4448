import { Context } from "effect";
import { HttpApiMiddleware, HttpApiSecurity } from "effect/http-api";
import { problems } from "./Problem.ts";
import type { Caller as CallerShape } from "../../services/ApiKeys.ts";

/** Who is calling: the tenant on whose behalf everything below happens. */
export class Caller extends Context.Service<Caller, CallerShape>()("tapedeck/api/Caller") {}

/** Requires an API key as a bearer token. */
export class Authorization extends HttpApiMiddleware.Service<Authorization, { provides: Caller }>()(
  "tapedeck/api/Authorization",
  { security: { apiKey: HttpApiSecurity.bearer }, error: problems },
) {}
