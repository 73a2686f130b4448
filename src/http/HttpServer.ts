import { NodeHttpServer } from "@effect/platform-node";
import { Effect, Layer } from "effect";
import { HttpMiddleware, HttpRouter, HttpServerResponse } from "effect/http";
import { HttpApi, HttpApiBuilder, HttpApiScalar } from "effect/http-api";
import { createServer } from "node:http";
import { Api } from "../api/Api.ts";
import { SystemApi } from "../api/SystemApi.ts";
import { adminAnalysisHandlers } from "./AdminAnalysisHandlers.ts";
import { adminEventHandlers } from "./AdminEventHandlers.ts";
import { adminProjectionHandlers } from "./AdminProjectionHandlers.ts";
import { analysisHandlers } from "./AnalysisHandlers.ts";
import { adminAuthorizationLayer, authorizationLayer } from "./AuthorizationLayer.ts";
import { conversionHandlers } from "./ConversionHandlers.ts";
import { formatHandlers } from "./FormatHandlers.ts";
import { overviewHandlers } from "./OverviewHandlers.ts";
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
    Layer.provide([
      uploadHandlers,
      conversionHandlers,
      analysisHandlers,
      formatHandlers,
      overviewHandlers,
      adminEventHandlers,
      adminProjectionHandlers,
      adminAnalysisHandlers,
      systemHandlers,
    ]),
    Layer.provide([authorizationLayer, adminAuthorizationLayer, problemsLayer]),
  ),
  reference,
  problemsEverywhere,
);

/** What a process without an API serves: the probes of supervisors. */
class ProbesApi extends HttpApi.make("tapedeck").add(SystemApi) {}

const probes = Layer.merge(
  HttpApiBuilder.layer(ProbesApi).pipe(Layer.provide([systemHandlers, problemsLayer])),
  problemsEverywhere,
);

/** Serves the API; each request is logged and traced, but for the probes of supervisors. */
export const layer = (options: Address) => serve(routes, options);

/** Serves nothing but the probes of supervisors. */
export const probesLayer = (options: Address) => serve(probes, options);

interface Address {
  readonly host: string;
  readonly port: number;
}

const serve = <E, R>(served: Layer.Layer<never, E, R>, { host, port }: Address) =>
  HttpRouter.serve(served).pipe(
    Layer.provide(HttpMiddleware.layerTracerDisabledForUrls(["/healthz", "/readyz"])),
    Layer.provideMerge(
      // A header section takes at most a minute to arrive; bodies may take their time as long as they keep coming.
      NodeHttpServer.layer(() => createServer({ headersTimeout: 60_000, requestTimeout: 0 }), {
        host,
        port,
        gracefulShutdownTimeout: "5 seconds",
      }),
    ),
  );
