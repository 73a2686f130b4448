import { HttpApiMiddleware, HttpApiSecurity } from "effect/http-api";
import { Caller } from "./Authorization.ts";
import { problems } from "./Problem.ts";

/** Requires an API key with the scope `admin` as a bearer token: for what reaches beyond one tenant. */
export class AdminAuthorization extends HttpApiMiddleware.Service<AdminAuthorization, { provides: Caller }>()(
  "tapedeck/api/AdminAuthorization",
  { security: { adminKey: HttpApiSecurity.bearer }, error: problems },
) {}
