import { Clock, Effect, type Exit, type Tracer } from "effect";
import { HttpTraceContext } from "effect/http";
import type { RecordedEvent } from "../../domain/event/RecordedEvent.ts";
import { toSpan } from "../TraceContext.ts";
import type { Outgoing } from "./RelayStream.ts";

/** Begins a span for each event that belongs to a trace. Answers what is to be sent, and what ends the spans. */
export const traced = Effect.fnUntraced(function* (events: ReadonlyArray<RecordedEvent>) {
  const spans: Array<Tracer.Span> = [];
  const outgoing: Array<Outgoing> = [];
  for (const recorded of events) {
    const parent = toSpan(recorded.traceparent);
    if (parent === undefined) outgoing.push({ recorded, traceparent: null });
    else {
      const span = yield* Effect.makeSpan("relay publish", {
        parent,
        kind: "producer",
        attributes: {
          "messaging.system": "nats",
          "messaging.operation.name": "publish",
          "messaging.operation.type": "send",
          "messaging.destination.name": recorded.event._tag,
          "messaging.message.id": recorded.eventId,
          "tapedeck.position": recorded.position,
          "tapedeck.tenant.id": recorded.tenantId,
        },
      });
      spans.push(span);
      const traceparent = HttpTraceContext.toHeaders(span)["traceparent"] ?? null;
      // Where tracing is off, spans have placeholders for ids.
      outgoing.push({ recorded, traceparent: toSpan(traceparent) ? traceparent : recorded.traceparent });
    }
  }
  const end = (exit: Exit.Exit<void, unknown>) =>
    Effect.map(Clock.currentTimeNanos, (now) => spans.forEach((span) => span.end(now, exit)));
  return { outgoing, end };
});
