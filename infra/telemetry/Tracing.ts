import * as NodeSdk from "@effect/opentelemetry/NodeSdk";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { BatchSpanProcessor } from "@opentelemetry/sdk-trace-base";

/**
 * Sends traces by OTLP over HTTP to where the standard `OTEL_EXPORTER_OTLP_*` variables say. What is not sent yet goes out when the
 * layer closes.
 */
export const layer = (options: { readonly serviceName: string }) =>
  NodeSdk.layer(() => ({
    resource: { serviceName: options.serviceName },
    spanProcessor: new BatchSpanProcessor(new OTLPTraceExporter()),
    shutdownTimeout: "5 seconds",
  }));
