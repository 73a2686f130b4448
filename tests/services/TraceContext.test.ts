import { assert, describe, it } from "@effect/vitest";
import { Effect } from "effect";
import { currentTraceparent, toSpan } from "../../services/TraceContext.ts";

describe("TraceContext", () => {
  it.effect("names the current span, so that what it caused can continue its trace", () =>
    Effect.gen(function* () {
      const { traceId, spanId } = yield* Effect.currentSpan;
      const traceparent = yield* currentTraceparent;
      assert.strictEqual(traceparent, `00-${traceId}-${spanId}-01`);
      assert.deepInclude(toSpan(traceparent), { traceId, spanId, sampled: true });
    }).pipe(Effect.withSpan("request")));

  it.effect("is nothing outside of any span and where tracing is off", () =>
    Effect.gen(function* () {
      assert.isNull(yield* currentTraceparent);
      const off = currentTraceparent.pipe(Effect.withSpan("request"), Effect.withTracerEnabled(false));
      assert.isNull(yield* off);
    }));

  it.each([null, "", "nonsense", "00-0000000000000000000000000000noop-noop-00"])(
    "continues no trace from %j",
    (traceparent) => assert.isUndefined(toSpan(traceparent)),
  );
});
