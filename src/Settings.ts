import { Effect, Redacted, Schema, SchemaIssue } from "effect";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { join, resolve } from "node:path";
import { type Network, readNetworks } from "../infra/remote/Network.ts";
import { readRecogniser, type RecogniserSettings } from "./RecogniserSettings.ts";

/** A setting that is wrong, unknown, or means something that this program cannot do. */
export class SettingsError extends Schema.TaggedError<SettingsError>()("SettingsError", {
  reason: Schema.Literals(["Invalid", "Unknown"]),
  variable: Schema.String,
  detail: Schema.String,
}) {
  override get message(): string {
    return `${this.variable}: ${this.detail}`;
  }
}

const Count = Schema.NumberFromString.check(Schema.isInt(), Schema.isGreaterThan(0));
const Port = Schema.NumberFromString.check(Schema.isInt(), Schema.isBetween({ minimum: 0, maximum: 65_535 }));
const Text = Schema.String.check(Schema.isMinLength(1));

const isUrl = Schema.makeFilter((url: string) => URL.canParse(url));
const isPath = Schema.makeFilter((url: string) => {
  try {
    return fileURLToPath(url) !== "";
  } catch {
    return false;
  }
});

/** What a process of Tapedeck can do; the relay is the one of which only one works at a time. */
export const roles = ["api", "worker", "relay", "projector"] as const;
export type Role = typeof roles[number];

const isRole = (name: string): name is Role => roles.some((role) => role === name);

const isRecogniser = Schema.makeFilter((text: string) =>
  readRecogniser({ TAPEDECK_RECOGNISER: text }) !== null
);

const areNetworks = Schema.makeFilter((text: string) => readNetworks(text) !== null);

const Roles = Schema.String.check(
  Schema.makeFilter((text: string) => text === "all" || text.split(",").every((name) => isRole(name.trim()))),
);

/** The environment variables that the program reads; all may be left out. */
const Environment = Schema.Struct({
  PORT: Schema.optionalKey(Port),
  HOST: Schema.optionalKey(Text),
  TAPEDECK_ROLE: Schema.optionalKey(Roles),
  TAPEDECK_DATA_DIR: Schema.optionalKey(Text),
  DATABASE_URL: Schema.optionalKey(Schema.String.check(Schema.isPattern(/^postgres(ql)?:\/\/./), isUrl)),
  NATS_URL: Schema.optionalKey(Schema.String.check(Schema.isPattern(/^(nats|tls):\/\/[^,]+$/), isUrl)),
  STORAGE_URL: Schema.optionalKey(Schema.String.check(Schema.isPattern(/^file:\/\/\/./), isPath)),
  TAPEDECK_BOOTSTRAP_KEY: Schema.optionalKey(Schema.String.check(Schema.isMinLength(16))),
  TAPEDECK_WORKER_CONCURRENCY: Schema.optionalKey(Count),
  TAPEDECK_MAX_UPLOAD_BYTES: Schema.optionalKey(Count),
  TAPEDECK_MAX_DURATION_SECONDS: Schema.optionalKey(Count),
  TAPEDECK_URL_NETWORKS: Schema.optionalKey(Schema.String.check(areNetworks)),
  TAPEDECK_RECOGNISER: Schema.optionalKey(Schema.String.check(isRecogniser)),
  TAPEDECK_RECOGNISER_KEY: Schema.optionalKey(Schema.String.check(Schema.isPattern(/^[!-~]+$/))),
  TAPEDECK_RECOGNISER_LANGUAGE: Schema.optionalKey(Schema.String.check(Schema.isPattern(/^[a-z]{2}$/))),
  LOG_FORMAT: Schema.optionalKey(Schema.Literals(["pretty", "json"])),
  LOG_LEVEL: Schema.optionalKey(Schema.Literals(["trace", "debug", "info", "warn", "error"])),
  OTEL_EXPORTER_OTLP_ENDPOINT: Schema.optionalKey(Text),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: Schema.optionalKey(Text),
  OTEL_SERVICE_NAME: Schema.optionalKey(Text),
  // For the command line's other commands; known, so that a shell that has them set can start the service.
  TAPEDECK_URL: Schema.optionalKey(Text),
  TAPEDECK_API_KEY: Schema.optionalKey(Text),
});

/** What is said about a variable instead of the schema's own words. */
const advice: Readonly<Record<string, string>> = {
  TAPEDECK_ROLE: `give all, or some of ${
    roles.join(", ")
  } with commas between; this version has no janitor yet`,
  NATS_URL: "give the URL of one server such as nats://user:password@host:4222, or tls://…",
  STORAGE_URL: "this version stores on local disk only: file:///an/absolute/path",
  DATABASE_URL: "give a URL such as postgres://user:password@host:5432/database",
  TAPEDECK_BOOTSTRAP_KEY: "give at least 16 characters",
  TAPEDECK_URL_NETWORKS: "give networks in CIDR notation with commas between, such as 10.1.0.0/16,fd00::/8",
  TAPEDECK_RECOGNISER:
    "give whisper:/path/of/model.bin, openai:https://host/v1?model=name (without a key in it), or pocketsphinx",
  TAPEDECK_RECOGNISER_KEY: "give printable ASCII characters without spaces or line breaks",
  TAPEDECK_RECOGNISER_LANGUAGE: "give the two letters of a language by ISO 639-1, such as en",
};

/** Everything that can be configured, with defaults in place. */
export interface Settings {
  readonly host: string;
  readonly port: number;
  readonly dataDirectory: string;
  /** `null`: the embedded database in the data directory. */
  readonly databaseUrl: Redacted.Redacted | null;
  /** The JetStream server; `null`: the in-process bus. */
  readonly natsUrl: Redacted.Redacted | null;
  /** What this process does, each once, in the order of `roles`. */
  readonly roles: ReadonlyArray<Role>;
  readonly storageDirectory: string;
  /** `null`: one is generated and kept in the data directory. */
  readonly bootstrapKey: Redacted.Redacted | null;
  readonly workerConcurrency: number;
  readonly maxUploadBytes: number;
  readonly maxDurationSeconds: number;
  /** From where files may be fetched although it is not public. */
  readonly urlNetworks: ReadonlyArray<Network>;
  /** `null`: speech is not recognised. */
  readonly recogniser: RecogniserSettings | null;
  readonly logFormat: "pretty" | "json";
  readonly logLevel: "Trace" | "Debug" | "Info" | "Warn" | "Error";
  readonly exportTraces: boolean;
  readonly serviceName: string;
}

/** The settings that processes with some of the roles cannot do without. */
const neededBy = (chosen: ReadonlyArray<Role>): ReadonlyArray<keyof typeof Environment.Type> => [
  "DATABASE_URL",
  "NATS_URL",
  ...(chosen.includes("api") || chosen.includes("worker") ? ["STORAGE_URL" as const] : []),
];

const logLevels = { trace: "Trace", debug: "Debug", info: "Info", warn: "Warn", error: "Error" } as const;
const formatIssue = SchemaIssue.makeFormatterStandardSchemaV1();

/** Reads the settings from environment variables; fails with the first that is wrong, or that begins with `TAPEDECK_` and is unknown. */
export const readSettings = Effect.fnUntraced(function* (
  variables: Readonly<Record<string, string | undefined>>,
  isTerminal: boolean,
): Effect.fn.Return<Settings, SettingsError> {
  // An empty variable is one that is not set: that is how compose files and shells leave settings out.
  const given = Object.fromEntries(
    Object.entries(variables).filter(([, value]) => value !== undefined && value !== ""),
  );
  const unknown = Object.keys(given).find((name) =>
    name.startsWith("TAPEDECK_") && !(name in Environment.fields)
  );
  if (unknown !== undefined) {
    return yield* new SettingsError({
      reason: "Unknown",
      variable: unknown,
      detail: "there is no such setting",
    });
  }
  const read = yield* Schema.decodeUnknownEffect(Environment)(given).pipe(
    Effect.catchTag("SchemaError", ({ issue }) => {
      const [first] = formatIssue(issue).issues;
      const variable = String(first?.path?.[0] ?? "environment");
      const detail = advice[variable] ?? first?.message ?? "the value is not valid";
      return new SettingsError({ reason: "Invalid", variable, detail });
    }),
  );
  const dataDirectory = resolve(read.TAPEDECK_DATA_DIR ?? "data");
  const named = (read.TAPEDECK_ROLE ?? "all").split(",").map((name) => name.trim());
  const chosen = named.includes("all") ? roles : roles.filter((role) => named.includes(role));
  const missing = chosen.length === roles.length
    ? undefined
    : neededBy(chosen).find((name) => !(name in read));
  if (missing !== undefined) {
    return yield* new SettingsError({
      reason: "Invalid",
      variable: missing,
      detail:
        "it is needed where a process has not all roles (TAPEDECK_ROLE): the processes share what it names",
    });
  }
  const recogniser = readRecogniser(read);
  if (recogniser?._tag === "PocketSphinx" && (read.TAPEDECK_RECOGNISER_LANGUAGE ?? "en") !== "en") {
    return yield* new SettingsError({
      reason: "Invalid",
      variable: "TAPEDECK_RECOGNISER_LANGUAGE",
      detail: "pocketsphinx knows English (en) only",
    });
  }
  return {
    host: read.HOST ?? "127.0.0.1",
    port: read.PORT ?? 8080,
    dataDirectory,
    databaseUrl: read.DATABASE_URL === undefined ? null : Redacted.make(read.DATABASE_URL),
    natsUrl: read.NATS_URL === undefined ? null : Redacted.make(read.NATS_URL),
    roles: chosen,
    storageDirectory: read.STORAGE_URL === undefined
      ? join(dataDirectory, "blobs")
      : fileURLToPath(read.STORAGE_URL),
    bootstrapKey: read.TAPEDECK_BOOTSTRAP_KEY === undefined
      ? null
      : Redacted.make(read.TAPEDECK_BOOTSTRAP_KEY),
    workerConcurrency: read.TAPEDECK_WORKER_CONCURRENCY ?? availableParallelism(),
    maxUploadBytes: read.TAPEDECK_MAX_UPLOAD_BYTES ?? 2 * 1024 ** 3,
    maxDurationSeconds: read.TAPEDECK_MAX_DURATION_SECONDS ?? 6 * 3_600,
    urlNetworks: readNetworks(read.TAPEDECK_URL_NETWORKS ?? "") ?? [],
    recogniser,
    logFormat: read.LOG_FORMAT ?? (isTerminal ? "pretty" : "json"),
    logLevel: logLevels[read.LOG_LEVEL ?? "info"],
    exportTraces: (read.OTEL_EXPORTER_OTLP_ENDPOINT ?? read.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT) !== undefined,
    serviceName: read.OTEL_SERVICE_NAME ?? "tapedeck",
  };
});
