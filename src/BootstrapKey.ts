import { Context, Effect, Layer, Redacted } from "effect";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { TenantId } from "../domain/Id.ts";
import { ApiKeys } from "../services/ApiKeys.ts";
import type { Settings } from "./Settings.ts";

/** The admin key that is valid from the start, for the tenant `default`. */
export class BootstrapKey
  extends Context.Service<BootstrapKey, Redacted.Redacted>()("tapedeck/BootstrapKey") {}

/** The key that an earlier start left in the data directory, or a new one, which is then left there. */
const keptKey = (directory: string) =>
  Effect.promise(async () => {
    const path = join(directory, "bootstrap-key");
    await mkdir(directory, { recursive: true });
    const found = existsSync(path) ? await readFile(path, "utf8") : "";
    if (found.trim() !== "") return Redacted.make(found.trim());
    const key = `tdk_${randomBytes(24).toString("base64url")}`;
    await writeFile(path, `${key}\n`, { mode: 0o600 });
    await chmod(path, 0o600);
    return Redacted.make(key);
  });

/** Makes the configured or kept key valid. */
export const layer = ({ bootstrapKey, dataDirectory }: Settings) =>
  Layer.effect(
    BootstrapKey,
    Effect.gen(function* () {
      const keys = yield* ApiKeys;
      const key = bootstrapKey ?? (yield* keptKey(dataDirectory));
      yield* keys.register(key, { tenantId: TenantId.make("default"), scopes: ["admin"] });
      return key;
    }),
  );
