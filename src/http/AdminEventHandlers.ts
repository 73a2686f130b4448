import { Effect, Stream } from "effect";
import { HttpApiBuilder } from "effect/http-api";
import { operationError } from "../../services/OperationError.ts";
import { LogOperations } from "../../services/transfer/LogOperations.ts";
import { Api } from "../api/Api.ts";
import { orProblem } from "./Failures.ts";

/** How long an imported file may pause between two pieces: the log is closed to others meanwhile. */
const patience = "30 seconds";

const stalled = operationError("MALFORMED_REQUEST", "Nothing of the file arrived for half a minute");
const cut = operationError("MALFORMED_REQUEST", "The file ended too early");

/** Answers the requests of `AdminEventsApi`. */
export const adminEventHandlers = HttpApiBuilder.group(
  Api,
  "adminEvents",
  Effect.fnUntraced(function* (handlers) {
    const log = yield* LogOperations;
    return handlers
      .handle("status", () => orProblem(log.status))
      .handle("list", ({ query }) => orProblem(log.list({ ...query, limit: query.limit ?? 50 })))
      .handle("tail", ({ query }) => orProblem(log.tail(query.from)))
      .handle("export", () => orProblem(log.export))
      .handle("show", ({ params }) => orProblem(log.show(params.ref)))
      .handle("import", ({ query, request }) => {
        const bytes = request.stream.pipe(
          Stream.mapError(() => cut),
          Stream.timeoutOrElse({ duration: patience, orElse: () => Stream.fail(stalled) }),
        );
        return orProblem(log.import(bytes, { dryRun: query.dryRun === "true" }));
      })
      .handle("replay", ({ payload }) => orProblem(log.replay(payload)));
  }),
);
