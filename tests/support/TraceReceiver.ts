import { Effect, Schema } from "effect";
import { createServer } from "node:http";
import { json } from "node:stream/consumers";

/** A span as it comes by OTLP; `parentSpanId` is empty for one without a parent. */
export interface Span extends Received {
  readonly serviceName: unknown;
}

/** The kinds of spans that OTLP numbers. */
export const SpanKind = { internal: 1, server: 2, client: 3, consumer: 5 } as const;
export type SpanKind = (typeof SpanKind)[keyof typeof SpanKind];

const Attributes = Schema.Array(
  Schema.Struct({ key: Schema.String, value: Schema.Record(Schema.String, Schema.Unknown) }),
);

const Received = Schema.Struct({
  traceId: Schema.String,
  spanId: Schema.String,
  parentSpanId: Schema.String.pipe(Schema.withDecodingDefault(Effect.succeed(""))),
  name: Schema.String,
  kind: Schema.Int,
  attributes: Attributes,
});
type Received = typeof Received.Type;

/** The body of a request of OTLP/HTTP in JSON, as far as it is looked at. */
const decodeExport = Schema.decodeUnknownSync(Schema.Struct({
  resourceSpans: Schema.Array(Schema.Struct({
    resource: Schema.Struct({ attributes: Attributes }),
    scopeSpans: Schema.Array(Schema.Struct({ spans: Schema.Array(Received) })),
  })),
}));

/** The attributes of a span by their names. */
export const attributesOf = ({ attributes }: { readonly attributes: typeof Attributes.Type }) =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));

/** A collector of traces on a port of the loopback address until the scope closes. */
export const receiveSpans = Effect.gen(function* () {
  const spans: Array<Span> = [];
  const server = createServer(async (request, response) => {
    for (const { resource, scopeSpans } of decodeExport(await json(request)).resourceSpans) {
      const serviceName = attributesOf(resource)["service.name"];
      for (const span of scopeSpans.flatMap(({ spans }) => spans)) spans.push({ ...span, serviceName });
    }
    response.setHeader("content-type", "application/json").end("{}");
  });
  yield* Effect.acquireRelease(
    Effect.callback<void>((resume) => {
      server.listen(0, "127.0.0.1", () => resume(Effect.void));
    }),
    () => Effect.sync(() => server.close()),
  );
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return { url: `http://127.0.0.1:${port}`, spans: (): ReadonlyArray<Span> => spans };
});
