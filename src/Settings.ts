import { Effect, Redacted, Schema, SchemaIssue } from "effect";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { join, resolve } from "node:path";

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

/** The environment variables that the program reads; all may be left out. */
const Environment = Schema.Struct({
  PORT: Schema.optionalKey(Port),
  HOST: Schema.optionalKey(Text),
  TAPEDECK_ROLE: Schema.optionalKey(Schema.Literal("all")),
  TAPEDECK_DATA_DIR: Schema.optionalKey(Text),
  DATABASE_URL: Schema.optionalKey(Schema.String.check(Schema.isPattern(/^postgres(ql)?:\/\/./), isUrl)),
  NATS_URL: Schema.optionalKey(Schema.Never),
  STORAGE_URL: Schema.optionalKey(Schema.String.check(Schema.isPattern(/^file:\/\/\/./), isPath)),
  TAPEDECK_BOOTSTRAP_KEY: Schema.optionalKey(Schema.String.check(Schema.isMinLength(16))),
  TAPEDECK_WORKER_CONCURRENCY: Schema.optionalKey(Count),
  TAPEDECK_MAX_UPLOAD_BYTES: Schema.optionalKey(Count),
  TAPEDECK_MAX_DURATION_SECONDS: Schema.optionalKey(Count),
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
  TAPEDECK_ROLE: "this version runs every role in one process: leave it out, or set it to all",
  NATS_URL: "this version has the in-process bus only: leave it out",
  STORAGE_URL: "this version stores on local disk only: file:///an/absolute/path",
  DATABASE_URL: "give a URL such as postgres://user:password@host:5432/database",
  TAPEDECK_BOOTSTRAP_KEY: "give at least 16 characters",
};

/** Everything that can be configured, with defaults in place. */
export interface Settings {
  readonly host: string;
  readonly port: number;
  readonly dataDirectory: string;
  /** `null`: the embedded database in the data directory. */
  readonly databaseUrl: Redacted.Redacted | null;
  readonly storageDirectory: string;
  /** `null`: one is generated and kept in the data directory. */
  readonly bootstrapKey: Redacted.Redacted | null;
  readonly workerConcurrency: number;
  readonly maxUploadBytes: number;
  readonly maxDurationSeconds: number;
  readonly logFormat: "pretty" | "json";
  readonly logLevel: "Trace" | "Debug" | "Info" | "Warn" | "Error";
  readonly exportTraces: boolean;
  readonly serviceName: string;
}

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
  return {
    host: read.HOST ?? "127.0.0.1",
    port: read.PORT ?? 8080,
    dataDirectory,
    databaseUrl: read.DATABASE_URL === undefined ? null : Redacted.make(read.DATABASE_URL),
    storageDirectory: read.STORAGE_URL === undefined
      ? join(dataDirectory, "blobs")
      : fileURLToPath(read.STORAGE_URL),
    bootstrapKey: read.TAPEDECK_BOOTSTRAP_KEY === undefined
      ? null
      : Redacted.make(read.TAPEDECK_BOOTSTRAP_KEY),
    workerConcurrency: read.TAPEDECK_WORKER_CONCURRENCY ?? availableParallelism(),
    maxUploadBytes: read.TAPEDECK_MAX_UPLOAD_BYTES ?? 2 * 1024 ** 3,
    maxDurationSeconds: read.TAPEDECK_MAX_DURATION_SECONDS ?? 6 * 3_600,
    logFormat: read.LOG_FORMAT ?? (isTerminal ? "pretty" : "json"),
    logLevel: logLevels[read.LOG_LEVEL ?? "info"],
    exportTraces: (read.OTEL_EXPORTER_OTLP_ENDPOINT ?? read.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT) !== undefined,
    serviceName: read.OTEL_SERVICE_NAME ?? "tapedeck",
  };
});
