import { Redacted } from "effect";
import { roles, type Settings } from "./Settings.ts";

/**
 * What a person sees when the service is up: where it is, how to call it, and which parts are embedded. There is no `key` where there is
 * no API.
 */
export const banner = (settings: Settings, port: number, key: Redacted.Redacted | null): string => {
  const host = settings.host.includes(":") ? `[${settings.host}]` : settings.host;
  const url = `http://${host === "0.0.0.0" || host === "[::]" ? "127.0.0.1" : host}:${port}`;
  const database = settings.databaseUrl === null
    ? `PGlite in ${settings.dataDirectory} (embedded)`
    : "Postgres (DATABASE_URL)";
  const bus = settings.natsUrl === null ? "in-process (embedded)" : "NATS JetStream (NATS_URL)";
  const shownRoles = settings.roles.length === roles.length ? "all" : settings.roles.join(", ");
  const parts = `
  Roles     ${shownRoles}
  Database  ${database}
  Bus       ${bus}
  Storage   ${settings.storageDirectory} (local disk)
`;
  if (key === null) {
    return `
  Tapedeck is running, without an API.

  Health    ${url}/readyz${parts}`;
  }
  // A key that was configured is known to whoever configured it, and has no place in a log.
  const shown = settings.bootstrapKey === null ? Redacted.value(key) : "$TAPEDECK_BOOTSTRAP_KEY";
  return `
  Tapedeck is running.

  URL       ${url}
  Docs      ${url}/docs
  API key   ${shown}${parts}
  Try it with a tone, or with -F file=@any-audio-file:

    ffmpeg -v error -f lavfi -i sine=duration=3 -f wav - | \\
      curl -H "Authorization: Bearer ${shown}" -F "file=@-;filename=tone.wav" \\
      -F 'process={"outputs":[{"format":"opus"},{"format":"flac"}]}' ${url}/api/v1/uploads

  Ctrl-C stops it; a second Ctrl-C stops it at once.
`;
};
