import { Clock, Effect } from "effect";
import { HttpApiBuilder } from "effect/http-api";
import { EventStore } from "../../services/EventStore.ts";
import { Overviews } from "../../services/views/Overviews.ts";
import { Api } from "../api/Api.ts";
import { Caller } from "../api/Authorization.ts";
import { fail } from "../api/Problem.ts";
import { orProblem } from "./Failures.ts";
import { pageOf, pageSize } from "./Page.ts";
import { caughtUp, orFresh } from "./ReadYourWrites.ts";

const day = 24 * 3_600_000;

/** Answers the requests of `OverviewsApi`. */
export const overviewHandlers = HttpApiBuilder.group(
  Api,
  "overviews",
  Effect.fnUntraced(function* (handlers) {
    const overviews = yield* Overviews;
    const store = yield* EventStore;
    return handlers
      .handle(
        "jobs",
        Effect.fnUntraced(function* ({ query, headers }) {
          const { tenantId } = yield* Caller;
          yield* caughtUp(overviews, query, headers);
          const { cursor, limit = pageSize, ...filter } = query;
          const rows = yield* overviews.jobs(tenantId, { ...filter, after: cursor, limit: limit + 1 });
          const { items, next } = pageOf(rows, limit);
          return { items, nextCursor: next && next.id };
        }, orProblem),
      )
      .handle(
        "job",
        Effect.fnUntraced(function* ({ params: { id }, query, headers }) {
          const { tenantId } = yield* Caller;
          yield* caughtUp(overviews, query, headers);
          const row = yield* orFresh(overviews.job(tenantId, id), overviews, store);
          return row ?? (yield* fail("NOT_FOUND", { detail: "There is no such job" }));
        }, orProblem),
      )
      .handle(
        "storage",
        Effect.fnUntraced(function* ({ query, headers }) {
          const { tenantId } = yield* Caller;
          yield* caughtUp(overviews, query, headers);
          const { userId, cursor, limit = pageSize } = query;
          const inAll = yield* overviews.storageInAll(tenantId, userId);
          const rows = yield* overviews.storageUsage(tenantId, { userId, after: cursor, limit: limit + 1 });
          const { items: users, next } = pageOf(rows, limit);
          return { ...inAll, users, nextCursor: next && next.userId };
        }, orProblem),
      )
      .handle(
        "throughput",
        Effect.fnUntraced(function* ({ query, headers }) {
          const { tenantId } = yield* Caller;
          yield* caughtUp(overviews, query, headers);
          const since = query.since ?? new Date((yield* Clock.currentTimeMillis) - day);
          return { hours: yield* overviews.throughput(tenantId, since) };
        }, orProblem),
      );
  }),
);
