import { Cause, Context, Layer, Logger, type LogLevel, Option, References, Tracer } from "effect";

/** One JSON object a line on standard output, with the ids of the trace and the span that it was written in. */
const jsonLogger = Logger.make(({ date, logLevel, message, cause, fiber }) => {
  const parts = Array.isArray(message) ? message : [message];
  const details = parts.filter((part) => typeof part !== "string");
  const span = Option.getOrUndefined(Context.getOption(fiber.context, Tracer.ParentSpan));
  console.log(JSON.stringify({
    time: date.toISOString(),
    level: logLevel.toLowerCase(),
    message: parts.filter((part) => typeof part === "string").join(" "),
    ...(span && { trace_id: span.traceId, span_id: span.spanId }),
    ...fiber.getRef(References.CurrentLogAnnotations),
    ...(details.length > 0 && { details: details.map(describe) }),
    ...(cause.reasons.length > 0 && { error: Cause.pretty(cause) }),
  }));
});

const describe = (detail: unknown): unknown =>
  Cause.isCause(detail)
    ? Cause.pretty(detail)
    : detail instanceof Error
    ? detail.stack ?? detail.message
    : detail;

/** Log lines for people (`pretty`) or machines (`json`), from a level on. */
export const layer = (options: { readonly format: "pretty" | "json"; readonly level: LogLevel.LogLevel }) =>
  Layer.merge(
    Logger.layer([options.format === "json" ? jsonLogger : Logger.consolePretty()]),
    Layer.succeed(References.MinimumLogLevel, options.level),
  );
