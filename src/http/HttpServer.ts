import { NodeHttpServer } from "@effect/platform-node";
import { Layer } from "effect";
import { HttpMiddleware, HttpRouter } from "effect/http";
import { HttpApiBuilder, HttpApiScalar } from "effect/http-api";
import { createServer } from "node:http";
import { Api } from "../api/Api.ts";
import { analysisHandlers } from "./AnalysisHandlers.ts";
import { authorizationLayer } from "./AuthorizationLayer.ts";
import { conversionHandlers } from "./ConversionHandlers.ts";
import { problemsEverywhere, problemsLayer } from "./ProblemLayers.ts";
import { systemHandlers } from "./SystemHandlers.ts";
import { uploadHandlers } from "./UploadHandlers.ts";

const routes = Layer.mergeAll(
  HttpApiBuilder.layer(Api, { openapiPath: "/openapi.json" }).pipe(
    Layer.provide([uploadHandlers, conversionHandlers, analysisHandlers, systemHandlers]),
    Layer.provide([authorizationLayer, problemsLayer]),
  ),
  HttpApiScalar.layer(Api, { path: "/docs" }),
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
