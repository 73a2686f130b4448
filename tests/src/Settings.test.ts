import { assert, describe, it } from "@effect/vitest";
import { Effect, Redacted, Result } from "effect";
import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import { readSettings } from "../../src/Settings.ts";

const read = (variables: Record<string, string | undefined>, isTerminal = false) =>
  Effect.runSync(readSettings(variables, isTerminal));

const errorOf = (variables: Record<string, string>) => {
  const result = Effect.runSync(Effect.result(readSettings(variables, false)));
  return Result.isFailure(result) ? result.failure : assert.fail("the settings were read");
};

describe("settings", () => {
  it("have a default for everything", () => {
    assert.deepStrictEqual(read({}), {
      host: "127.0.0.1",
      port: 8080,
      dataDirectory: resolve("data"),
      databaseUrl: null,
      natsUrl: null,
      roles: ["api", "worker", "relay", "projector"],
      storageDirectory: resolve("data/blobs"),
      bootstrapKey: null,
      workerConcurrency: availableParallelism(),
      maxUploadBytes: 2_147_483_648,
      maxDurationSeconds: 21_600,
      urlNetworks: [],
      recogniser: null,
      logFormat: "json",
      logLevel: "Info",
      exportTraces: false,
      serviceName: "tapedeck",
    });
  });

  it("are what the variables say", () => {
    const { databaseUrl, natsUrl, bootstrapKey, ...rest } = read({
      HOST: "::1",
      PORT: "0",
      TAPEDECK_ROLE: "worker, api",
      TAPEDECK_DATA_DIR: "/srv/tapedeck",
      DATABASE_URL: "postgresql://u:p@host/db",
      NATS_URL: "tls://u:p@host",
      STORAGE_URL: "file:///mnt/big%20disk",
      TAPEDECK_BOOTSTRAP_KEY: "0123456789abcdef",
      TAPEDECK_WORKER_CONCURRENCY: "3",
      TAPEDECK_MAX_UPLOAD_BYTES: "1000",
      TAPEDECK_MAX_DURATION_SECONDS: "60",
      TAPEDECK_URL_NETWORKS: "10.1.0.0/16, fd00::/8",
      TAPEDECK_RECOGNISER: "whisper:/models/base.bin",
      TAPEDECK_RECOGNISER_LANGUAGE: "de",
      LOG_FORMAT: "pretty",
      LOG_LEVEL: "debug",
      OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318",
      OTEL_SERVICE_NAME: "deck",
      HOME: "/root",
    });
    assert.deepStrictEqual(rest, {
      host: "::1",
      port: 0,
      dataDirectory: "/srv/tapedeck",
      roles: ["api", "worker"],
      storageDirectory: "/mnt/big disk",
      workerConcurrency: 3,
      maxUploadBytes: 1_000,
      maxDurationSeconds: 60,
      urlNetworks: [
        { address: "10.1.0.0", prefix: 16, family: "ipv4" },
        { address: "fd00::", prefix: 8, family: "ipv6" },
      ],
      recogniser: { _tag: "Whisper", model: "/models/base.bin", language: "de" },
      logFormat: "pretty",
      logLevel: "Debug",
      exportTraces: true,
      serviceName: "deck",
    });
    assert.strictEqual(databaseUrl && Redacted.value(databaseUrl), "postgresql://u:p@host/db");
    assert.strictEqual(natsUrl && Redacted.value(natsUrl), "tls://u:p@host");
    assert.strictEqual(bootstrapKey && Redacted.value(bootstrapKey), "0123456789abcdef");
  });

  it.each([
    ["pocketsphinx", { _tag: "PocketSphinx" }],
    ["whisper:base.bin", { _tag: "Whisper", model: resolve("base.bin"), language: null }],
    [
      "openai:https://host:8443/v1/?model=Systran%2Ffaster-whisper",
      {
        _tag: "OpenAi",
        url: "https://host:8443/v1",
        model: "Systran/faster-whisper",
        key: null,
        language: null,
      },
    ],
  ])("choose the recogniser %s", (chosen, expected) => {
    assert.deepEqual<unknown>(read({ TAPEDECK_RECOGNISER: chosen }).recogniser, expected);
  });

  it("have a key for a recogniser, and hide it", () => {
    const { recogniser } = read({
      TAPEDECK_RECOGNISER: "openai:http://host/v1?model=m",
      TAPEDECK_RECOGNISER_KEY: "hush",
    });
    const key = recogniser?._tag === "OpenAi" ? recogniser.key : null;
    assert.strictEqual(key && Redacted.value(key), "hush");
    assert.notInclude(JSON.stringify(recogniser), "hush");
  });

  it("refuse a language that the recogniser does not know", () => {
    const pocketsphinx = { TAPEDECK_RECOGNISER: "pocketsphinx" };
    assert.isNotNull(read({ ...pocketsphinx, TAPEDECK_RECOGNISER_LANGUAGE: "en" }).recogniser);
    const { message } = errorOf({ ...pocketsphinx, TAPEDECK_RECOGNISER_LANGUAGE: "de" });
    assert.match(message, /^TAPEDECK_RECOGNISER_LANGUAGE: .*English/);
  });

  it("keep the objects in the data directory unless they are told another place", () => {
    assert.strictEqual(read({ TAPEDECK_DATA_DIR: "/srv/deck" }).storageDirectory, "/srv/deck/blobs");
  });

  it("are for people on a terminal, unless they are told otherwise", () => {
    assert.strictEqual(read({}, true).logFormat, "pretty");
    assert.strictEqual(read({ LOG_FORMAT: "json" }, true).logFormat, "json");
  });

  it("take an empty variable for one that is not set, even of an unknown name", () => {
    const empty = { PORT: "", DATABASE_URL: "", NATS_URL: "", TAPEDECK_NEW: "", HOST: undefined };
    assert.deepStrictEqual(read(empty), read({}));
  });

  it("hide what is secret from whoever prints them", () => {
    const secrets = {
      DATABASE_URL: "postgres://u:hush@h/d",
      NATS_URL: "nats://hush@h",
      TAPEDECK_BOOTSTRAP_KEY: "hush-hush-hush-hush",
    };
    const settings = read(secrets);
    assert.notInclude(
      `${JSON.stringify(settings)} ${settings.databaseUrl} ${settings.natsUrl} ${settings.bootstrapKey}`,
      "hush",
    );
  });

  it("do not repeat a value that is refused: it may be secret", () => {
    const { message } = errorOf({ DATABASE_URL: "mysql://u:hush@host/db" });
    assert.notInclude(message, "hush");
    assert.notInclude(errorOf({ TAPEDECK_BOOTSTRAP_KEY: "hush" }).message, "hush");
    const recogniser = "openai:https://user:hush@host/v1?model=m";
    assert.notInclude(errorOf({ TAPEDECK_RECOGNISER: recogniser }).message, "hush");
  });

  it("refuse a variable of their own that they do not know, before any other", () => {
    const { reason, message } = errorOf({ PORT: "abc", TAPEDECK_DATADIR: "/x" });
    assert.strictEqual(reason, "Unknown");
    assert.strictEqual(message, "TAPEDECK_DATADIR: there is no such setting");
  });

  it.each([
    [{}, "DATABASE_URL"],
    [{ DATABASE_URL: "postgres://h/d" }, "NATS_URL"],
    [{ DATABASE_URL: "postgres://h/d", NATS_URL: "nats://h" }, "STORAGE_URL"],
  ])("of a process that has not all roles, with %o, lack %s", (variables, missing) => {
    const { variable, message } = errorOf({ TAPEDECK_ROLE: "worker", ...variables });
    assert.strictEqual(variable, missing);
    assert.include(message, "TAPEDECK_ROLE");
  });

  it("of a process that only relays or projects need no storage, and all roles by name need nothing", () => {
    const shared = { DATABASE_URL: "postgres://h/d", NATS_URL: "nats://h" };
    assert.deepStrictEqual(read({ TAPEDECK_ROLE: "projector,relay", ...shared }).roles, [
      "relay",
      "projector",
    ]);
    assert.lengthOf(read({ TAPEDECK_ROLE: "relay,projector,worker,api" }).roles, 4);
  });

  it.each([
    ["PORT", "abc"],
    ["PORT", "-1"],
    ["PORT", "65536"],
    ["PORT", "80.5"],
    ["TAPEDECK_ROLE", "janitor"],
    ["TAPEDECK_ROLE", "api,"],
    ["TAPEDECK_ROLE", "all,api"],
    ["DATABASE_URL", "mysql://host/db"],
    ["DATABASE_URL", "postgresql://"],
    ["DATABASE_URL", "postgres://u:p@host:port/db"],
    ["NATS_URL", "host:4222"],
    ["NATS_URL", "http://host"],
    ["NATS_URL", "nats://a,nats://b"],
    ["STORAGE_URL", "s3://bucket"],
    ["STORAGE_URL", "file://host/path"],
    ["STORAGE_URL", "file:///a%2Fb"],
    ["STORAGE_URL", "file:///%zz"],
    ["STORAGE_URL", "/srv/blobs"],
    ["TAPEDECK_BOOTSTRAP_KEY", "short"],
    ["TAPEDECK_WORKER_CONCURRENCY", "0"],
    ["TAPEDECK_WORKER_CONCURRENCY", "many"],
    ["TAPEDECK_MAX_UPLOAD_BYTES", "2GB"],
    ["TAPEDECK_MAX_UPLOAD_BYTES", "-5"],
    ["TAPEDECK_MAX_DURATION_SECONDS", "Infinity"],
    ["TAPEDECK_URL_NETWORKS", "10.0.0.1"],
    ["TAPEDECK_URL_NETWORKS", "10.0.0.0/33"],
    ["TAPEDECK_URL_NETWORKS", "fd00::/129"],
    ["TAPEDECK_URL_NETWORKS", "10.0.0/8"],
    ["TAPEDECK_URL_NETWORKS", "10.0.0.0/8,"],
    ["TAPEDECK_URL_NETWORKS", "media.internal/24"],
    ["TAPEDECK_RECOGNISER", "sphinx"],
    ["TAPEDECK_RECOGNISER", "pocketsphinx:en"],
    ["TAPEDECK_RECOGNISER", "whisper:"],
    ["TAPEDECK_RECOGNISER", "openai:host/v1?model=m"],
    ["TAPEDECK_RECOGNISER", "openai:ftp://host/v1?model=m"],
    ["TAPEDECK_RECOGNISER", "openai:https://host/v1"],
    ["TAPEDECK_RECOGNISER", "openai:https://host/v1?model="],
    ["TAPEDECK_RECOGNISER", "openai:https://host/v1?model=m&key=k"],
    ["TAPEDECK_RECOGNISER", "openai:https://host/v1?model=m#k"],
    ["TAPEDECK_RECOGNISER_KEY", "hush\nhush"],
    ["TAPEDECK_RECOGNISER_LANGUAGE", "english"],
    ["LOG_FORMAT", "xml"],
    ["LOG_LEVEL", "loud"],
  ])("refuse %s=%s, and say so in one line", (variable, value) => {
    const error = errorOf({ [variable]: value });
    assert.strictEqual(error.reason, "Invalid");
    assert.strictEqual(error.variable, variable);
    assert.match(error.message, new RegExp(`^${variable}: [^\\n]+$`));
    if (variable.endsWith("_KEY")) assert.notInclude(error.message, value.slice(0, 4));
  });
});
