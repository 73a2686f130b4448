import { Schema } from "effect";
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api";

const Part = Schema.Struct({ ok: Schema.Boolean, detail: Schema.optionalKey(Schema.String) });

/** Whether each part that requests depend on can do its work. */
export const ReadinessJson = Schema.Struct({
  status: Schema.Literals(["ready", "unavailable"]),
  parts: Schema.Record(Schema.String, Part),
});

/** For load balancers and supervisors. */
export class SystemApi extends HttpApiGroup.make("system", { topLevel: true })
  .add(
    HttpApiEndpoint.get("health", "/healthz", { success: Schema.Struct({ status: Schema.Literal("ok") }) })
      .annotateMerge(OpenApi.annotations({ summary: "The process is alive" })),
    HttpApiEndpoint.get("readiness", "/readyz", {
      success: ReadinessJson,
      error: ReadinessJson.pipe(HttpApiSchema.status(503)),
    }).annotateMerge(OpenApi.annotations({ summary: "The service can take requests" })),
  ) {}
