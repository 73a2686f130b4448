import { Effect, Option } from "effect";
import { Headers, HttpTraceContext } from "effect/http";
import type { Tracer } from "effect";

/** The W3C trace context of the current span, to be stored with what it writes; `null` outside of any trace. */
export const currentTraceparent: Effect.Effect<string | null> = Effect.currentSpan.pipe(
  Effect.map((span) => {
    const traceparent = HttpTraceContext.toHeaders(span)["traceparent"] ?? null;
    // Where tracing is off, spans have placeholders for ids.
    return toSpan(traceparent) === undefined ? null : traceparent;
  }),
  Effect.orElseSucceed(() => null),
);

/** The span that a stored trace context names, as a parent for what it caused. */
export const toSpan = (traceparent: string | null): Tracer.ExternalSpan | undefined =>
  traceparent === null
    ? undefined
    : Option.getOrUndefined(HttpTraceContext.w3c(Headers.fromInput({ traceparent })));
