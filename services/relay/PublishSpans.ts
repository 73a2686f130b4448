import { Clock, Effect, type Exit, References, type Tracer } from "effect";
import { HttpTraceContext } from "effect/http";
import type { RawEvent } from "../EventRecord.ts";
import { toSpan } from "../TraceContext.ts";
import type { Outgoing } from "./RelayStream.ts";

/** Begins a span for each event that belongs to a recorded trace. Answers what is to be sent, and what ends the spans. */
export const traced = Effect.fnUntraced(function* (events: ReadonlyArray<RawEvent>) {
  const isTracing = yield* References.TracerEnabled;
  const spans: Array<Tracer.Span> = [];
  const outgoing: Array<Outgoing> = [];
  for (const event of events) {
    const parent = toSpan(event.traceparent);
    if (parent === undefined) outgoing.push({ event, traceparent: null });
    else if (!isTracing || !parent.sampled) outgoing.push({ event, traceparent: event.traceparent });
    else {
      const span = yield* Effect.makeSpan("relay publish", {
        parent,
        kind: "producer",
        attributes: {
          "messaging.system": "nats",
          "messaging.operation.name": "publish",
          "messaging.operation.type": "send",
          "messaging.destination.name": event.type,
          "messaging.message.id": event.eventId,
          "tapedeck.position": event.position,
          "tapedeck.tenant.id": event.tenantId,
        },
      });
      spans.push(span);
      outgoing.push({ event, traceparent: HttpTraceContext.toHeaders(span)["traceparent"] ?? null });
    }
  }
  const end = (exit: Exit.Exit<void, unknown>) =>
    Effect.map(Clock.currentTimeNanos, (now) => spans.forEach((span) => span.end(now, exit)));
  return { outgoing, end };
});
