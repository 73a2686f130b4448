import { Context, type Effect, type Redacted, Schema } from "effect";
import type { ApiKeyId, TenantId } from "../domain/Id.ts";

/** The holder of an API key. */
export interface Caller {
  readonly keyId: ApiKeyId;
  readonly tenantId: TenantId;
  readonly scopes: ReadonlyArray<string>;
}

/** The keys are out of reach; the caller may try again. */
export class ApiKeysError extends Schema.TaggedError<ApiKeysError>()("ApiKeysError", {
  reason: Schema.Literals(["Unavailable"]),
  cause: Schema.Defect(),
}) {}

/** The keys that clients present. Only their hashes are kept. */
export class ApiKeys extends Context.Service<ApiKeys, {
  /** The holder of a key; `null` for one that is unknown or revoked. */
  readonly authenticate: (key: Redacted.Redacted) => Effect.Effect<Caller | null, ApiKeysError>;
  /** Makes a key valid for a tenant; one that is known already stays as it is. */
  readonly register: (
    key: Redacted.Redacted,
    grant: { readonly tenantId: TenantId; readonly scopes: ReadonlyArray<string> },
  ) => Effect.Effect<void, ApiKeysError>;
}>()("tapedeck/services/ApiKeys") {}
