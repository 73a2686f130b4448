import { Effect } from "effect";
import { HttpApiBuilder } from "effect/http-api";
import { AnalysisRefresh } from "../../services/refresh/AnalysisRefresh.ts";
import { Api } from "../api/Api.ts";
import { orProblem } from "./Failures.ts";

/** Answers the requests of `AdminAnalysesApi`. */
export const adminAnalysisHandlers = HttpApiBuilder.group(
  Api,
  "adminAnalyses",
  Effect.fnUntraced(function* (handlers) {
    const refresh = yield* AnalysisRefresh;
    return handlers
      .handle("outdated", ({ payload }) => orProblem(refresh.outdated(payload)))
      .handle("refresh", ({ payload }) => orProblem(refresh.step(payload)));
  }),
);
