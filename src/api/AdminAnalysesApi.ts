import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api";
import { Outdated, Refreshed, RefreshScope, RefreshStep } from "../../services/refresh/AnalysisRefresh.ts";
import { AdminAuthorization } from "./AdminAuthorization.ts";
import { Problems } from "./Problem.ts";

/** The analyses of all tenants, for operators: measuring a library again after the analyser has changed. */
export class AdminAnalysesApi extends HttpApiGroup.make("adminAnalyses")
  .add(
    HttpApiEndpoint.post("outdated", "/analyses/outdated", { payload: RefreshScope, success: Outdated })
      .annotateMerge(OpenApi.annotations({
        summary: "How many uploads have parts that an older analyser measured",
        description:
          "In their newest completed analysis, and none under way. `olderThan` is a version of the analyser (by default the current one of each " +
          "part), `parts` and `tenant` narrow the search. Nothing is changed.",
      })),
    HttpApiEndpoint.post("refresh", "/analyses/refresh", {
      payload: RefreshStep,
      success: Refreshed.pipe(HttpApiSchema.status(202)),
    }).annotateMerge(OpenApi.annotations({
      summary: "Measure outdated parts again: the next few uploads",
      description:
        "One analysis for each upload, of exactly its outdated parts. A call asks for no more than leaves one media job of " +
        "`TAPEDECK_WORKER_CONCURRENCY` free, counting every analysis that is queued or running, and at least for one when none is; " +
        "`requested` is 0 while enough are under way. Call it again with the `after` of its answer until `isDone`.",
    })),
  )
  .middleware(AdminAuthorization)
  .middleware(Problems)
  .prefix("/api/v1/admin") {}
