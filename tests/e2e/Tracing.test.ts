/** One upload is one trace: from the client's request to the last projection, in spans, in the log and in log lines. */
import { NodeServices } from "@effect/platform-node";
import { assert, layer } from "@effect/vitest";
import { Context, Effect, Layer, Redacted } from "effect";
import { Buffer } from "node:buffer";
import * as Database from "../../infra/postgres/Database.ts";
import { sine, wav } from "../support/Audio.ts";
import { endAll, eventually, type Json, startService } from "../support/RunningService.ts";
import { readLog, type StoredRow } from "../support/StoredLog.ts";
import { attributesOf, receiveSpans, type Span, SpanKind } from "../support/TraceReceiver.ts";
import { TestDatabase } from "../support/TestDatabase.ts";

/** The trace and the span of the client that uploads. */
const client = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331" };

/** What a service left behind that took one upload with two outputs, was looked at once and then stopped. */
class Recording extends Context.Service<Recording, {
  readonly key: string;
  readonly exitCode: number | null;
  readonly spans: ReadonlyArray<Span>;
  readonly log: ReadonlyArray<StoredRow>;
  readonly lines: ReadonlyArray<Json>;
}>()("tapedeck/tests/e2e/Tracing/Recording") {
  static readonly layer = Layer.effect(
    Recording,
    Effect.gen(function* () {
      const { url } = yield* TestDatabase;
      yield* Effect.addFinalizer(() => Effect.promise(endAll));
      const receiver = yield* receiveSpans;
      const recorded = yield* Effect.promise(async () => {
        const service = await startService({
          DATABASE_URL: Redacted.value(url),
          OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
          OTEL_SERVICE_NAME: "tapedeck-under-test",
        });
        const linesOf = (message: string) =>
          service.output().split("\n").filter((line) => line.includes(`"message":"${message}"`));
        const form = new FormData();
        form.set("file", new Blob([Buffer.from(wav(sine()))]), "tone.wav");
        form.set("process", JSON.stringify({ outputs: [{ format: "mp3" }, { format: "opus" }] }));
        const { id } = await service.json("/uploads", {
          method: "POST",
          body: form,
          headers: { traceparent: `00-${client.traceId}-${client.spanId}-01` },
        });
        // The log tells the end; asking for it would make traces.
        await eventually(
          () => Promise.resolve([...linesOf("ConversionCompleted"), ...linesOf("AnalysisCompleted")]),
          ({ length }) => length === 2,
        );
        // Idle for a while, longer than every poll and every view's delay.
        await new Promise((resolve) => setTimeout(resolve, 1_000));
        await service.json(`/uploads/${id}`);
        const exitCode = await service.end("SIGINT");
        const lines = service.output().split("\n").filter((line) => line.startsWith("{"));
        return { key: service.key, exitCode, lines: lines.map((line): Json => JSON.parse(line)) };
      });
      const log = yield* Effect.promise(() =>
        readLog(Database.layer(url).pipe(Layer.provide(NodeServices.layer)))
      );
      return { ...recorded, spans: receiver.spans(), log };
    }),
  ).pipe(Layer.provide(TestDatabase.layer));
}

/** The spans of the upload. */
const ofUpload = Effect.map(
  Recording,
  ({ spans }) => spans.filter(({ traceId }) => traceId === client.traceId),
);

layer(Recording.layer, { excludeTestServices: true, timeout: "60 seconds" })("one upload", (it) => {
  it.effect("is one trace that continues the client's, without an orphan", () =>
    Effect.gen(function* () {
      const spans = yield* ofUpload;
      const ids = new Set(spans.map(({ spanId }) => spanId));
      assert.strictEqual(ids.size, spans.length);
      const parentless = spans.filter(({ parentSpanId }) => !ids.has(parentSpanId));
      assert.deepStrictEqual(parentless.map(({ kind, parentSpanId }) => ({ kind, parentSpanId })), [
        { kind: SpanKind.server, parentSpanId: client.spanId },
      ]);
    }));

  it.effect("goes from the request over commands, reactors and processes to the projections", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(outline(yield* ofUpload, [client.spanId]), [
        "POST",
        "  BlobStore.putFile",
        "  Upload.ReceiveUpload",
        "    EventStore.append",
        "    probe process",
        "      BlobStore.fetchTo",
        "      MediaEngine.probe",
        "        ffmpeg decode",
        "        ffprobe",
        "        ffprobe packets",
        "      Upload.MarkUploadReady",
        "        EventStore.append",
        "        request-jobs process",
        "          Analysis.RequestAnalysis",
        "            EventStore.append",
        "            analyses project",
        "            jobs project",
        "            measure process",
        "              Analysis.CompleteAnalysis",
        "                EventStore.append",
        "                analyses project",
        "                jobs project",
        "                throughput project",
        "              Analysis.StartAnalysis",
        "                EventStore.append",
        "                analyses project",
        "                jobs project",
        "              BlobStore.fetchTo",
        "              BlobStore.put",
        "              BlobStore.putFile",
        "              MediaEngine.measure",
        "                ffmpeg measure",
        "                ffprobe",
        "          Conversion.RequestConversion",
        "            EventStore.append",
        "            conversions project",
        "            jobs project",
        "            render process",
        "              BlobStore.fetchTo",
        "              BlobStore.putFile",
        "              Conversion.CompleteConversion",
        "                EventStore.append",
        "                conversions project",
        "                jobs project",
        "                storage_usage project",
        "                throughput project",
        "              Conversion.StartConversion",
        "                EventStore.append",
        "                conversions project",
        "                jobs project",
        "              MediaEngine.render",
        "                ffmpeg render",
        "                ffprobe",
        "              postgres",
        "        uploads project",
        "    storage_usage project",
        "    throughput project",
        "    uploads project",
      ]);
    }));

  it.effect("names what its spans do by the semantic conventions, and no secret", () =>
    Effect.gen(function* () {
      const { key } = yield* Recording;
      const spans = yield* ofUpload;
      const expected: ReadonlyArray<readonly [RegExp, SpanKind, Readonly<Record<string, unknown>>]> = [
        [/^POST$/, SpanKind.server, {
          "http.request.method": "POST",
          "http.response.status_code": 201,
          "http.route": "/api/v1/uploads",
          "url.path": "/api/v1/uploads",
        }],
        [/^EventStore\.append$/, SpanKind.client, {
          "db.system.name": "postgresql",
          "db.operation.name": "append_batch",
          "db.collection.name": "events",
        }],
        [/ process$/, SpanKind.consumer, {
          "messaging.system": "tapedeck",
          "messaging.operation.name": "process",
          "messaging.operation.type": "process",
          "tapedeck.tenant.id": "default",
          "tapedeck.delivery": 1,
        }],
        [/ project$/, SpanKind.consumer, {
          "messaging.system": "tapedeck",
          "messaging.operation.name": "project",
          "messaging.operation.type": "process",
        }],
        [/^ff(?:mpeg|probe)/, SpanKind.internal, { "process.exit.code": 0 }],
      ];
      for (const [name, kind, attributes] of expected) {
        const named = spans.filter((span) => name.test(span.name));
        assert.isNotEmpty(named);
        for (const span of named) {
          assert.strictEqual(span.kind, kind);
          assert.deepInclude(attributesOf(span), attributes);
        }
      }
      assert.notInclude(JSON.stringify(spans), key);
    }));

  it.effect("has its trace in the events that are stored and in the lines that are logged", () =>
    Effect.gen(function* () {
      const { log, lines } = yield* Recording;
      const commands = (yield* ofUpload).filter(({ name }) => /^[A-Z]\w+\.[A-Z]/.test(name));
      const traceparents = commands.map(({ spanId }) => `00-${client.traceId}-${spanId}-01`);
      assert.isAtLeast(log.length, 8);
      for (const { type, traceparent } of log) assert.include(traceparents, traceparent, type);
      const logged = lines.filter(({ message }) => log.some(({ type }) => type === message));
      assert.deepStrictEqual(
        logged.map(({ message, trace_id, span_id }) => [message, `00-${trace_id}-${span_id}-01`]).sort(),
        log.map(({ type, traceparent }) => [type, traceparent]).sort(),
      );
    }));

  it.effect("shares the trace store with nothing but the other request", () =>
    Effect.gen(function* () {
      const { spans, exitCode } = yield* Recording;
      const others = spans.filter(({ traceId }) => traceId !== client.traceId);
      assert.deepStrictEqual(outline(others, [""]), ["GET", "  postgres"]);
      assert.isTrue(spans.every(({ serviceName }) => serviceName === "tapedeck-under-test"));
      assert.strictEqual(exitCode, 130);
    }));
});

/**
 * The names of the spans below some parents, those of one name together, indented and in order. Reports of progress are left out:
 * their number depends on the machine.
 */
const outline = (spans: ReadonlyArray<Span>, parents: ReadonlyArray<string>): ReadonlyArray<string> => {
  const children = spans.filter(({ name, parentSpanId }) =>
    parents.includes(parentSpanId) && !/\.Report\w+Progress$/.test(name)
  );
  return [...Map.groupBy(children, ({ name }) => name)]
    .sort(([a], [b]) => a < b ? -1 : 1)
    .flatMap(([name, alike]) => [
      name,
      ...outline(spans, alike.map(({ spanId }) => spanId)).map((line) => `  ${line}`),
    ]);
};
