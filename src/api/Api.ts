import { HttpApi, OpenApi } from "effect/http-api";
import { AdminAnalysesApi } from "./AdminAnalysesApi.ts";
import { AdminEventsApi } from "./AdminEventsApi.ts";
import { AdminProjectionsApi } from "./AdminProjectionsApi.ts";
import { AnalysesApi } from "./AnalysesApi.ts";
import { ConversionsApi } from "./ConversionsApi.ts";
import { FormatsApi } from "./FormatsApi.ts";
import { OverviewsApi } from "./OverviewsApi.ts";
import { SystemApi } from "./SystemApi.ts";
import { UploadsApi } from "./UploadsApi.ts";

/** The public HTTP API: routes, OpenAPI, reference page and typed client all come from this declaration. */
export class Api extends HttpApi.make("tapedeck")
  .add(UploadsApi)
  .add(ConversionsApi)
  .add(AnalysesApi)
  .add(FormatsApi)
  .add(OverviewsApi)
  .add(AdminEventsApi)
  .add(AdminProjectionsApi)
  .add(AdminAnalysesApi)
  .add(SystemApi)
  .annotate(HttpApi.PayloadParseOptions, { onExcessProperty: "error" })
  .annotateMerge(OpenApi.annotations({
    title: "Tapedeck",
    version: "1",
    description: "Send audio, get it back in other formats, measured.",
  })) {}
