import { NodeHttpServer } from "@effect/platform-node";
import { Effect, Layer } from "effect";
import { HttpMiddleware, HttpRouter, HttpServerResponse } from "effect/http";
import { HttpApiBuilder, HttpApiScalar } from "effect/http-api";
import { createServer } from "node:http";
import { Api } from "../api/Api.ts";
import { analysisHandlers } from "./AnalysisHandlers.ts";
import { authorizationLayer } from "./AuthorizationLayer.ts";
import { conversionHandlers } from "./ConversionHandlers.ts";
import { problemsEverywhere, problemsLayer } from "./ProblemLayers.ts";
import { systemHandlers } from "./SystemHandlers.ts";
import { uploadHandlers } from "./UploadHandlers.ts";

/** The reference page comes with its script inside; browsers are told to fetch nothing for it from another host. */
const reference = HttpApiScalar.layer(Api, { path: "/docs", scalar: { withDefaultFonts: false } }).pipe(
  Layer.provide(
    HttpRouter.middleware(Effect.map(HttpServerResponse.setHeader(
      "content-security-policy",
      "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; frame-ancestors 'none'",
    ))).layer,
  ),
);

const routes = Layer.mergeAll(
  HttpApiBuilder.layer(Api, { openapiPath: "/openapi.json" }).pipe(
    Layer.provide([uploadHandlers, conversionHandlers, analysisHandlers, systemHandlers]),
    Layer.provide([authorizationLayer, problemsLayer]),
  ),
  reference,
  problemsEverywhere,
);

/** Serves the API; each request is logged and traced, but for the probes of supervisors. */
export const layer = (options: { readonly host: string; readonly port: number }) =>
  HttpRouter.serve(routes).pipe(
    Layer.provide(HttpMiddleware.layerTracerDisabledForUrls(["/healthz", "/readyz"])),
    Layer.provideMerge(
      // A header section takes at most a minute to arrive; bodies may take their time as long as they keep coming.
      NodeHttpServer.layer(() => createServer({ headersTimeout: 60_000, requestTimeout: 0 }), {
        ...options,
        gracefulShutdownTimeout: "5 seconds",
      }),
    ),
  );
