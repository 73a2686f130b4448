import { Effect } from "effect";
import { HttpApiBuilder } from "effect/http-api";
import { Position } from "../../domain/event/RecordedEvent.ts";
import { ProjectionControl } from "../../services/projections/ProjectionControl.ts";
import type { OperationError } from "../../services/OperationError.ts";
import { Api } from "../api/Api.ts";
import { orProblem } from "./Failures.ts";

/** Answers the requests of `AdminProjectionsApi`. */
export const adminProjectionHandlers = HttpApiBuilder.group(
  Api,
  "adminProjections",
  Effect.fnUntraced(function* (handlers) {
    const control = yield* ProjectionControl;
    const then = (action: Effect.Effect<void, OperationError>, name: string) =>
      orProblem(Effect.andThen(action, control.status(name)));
    return handlers
      .handle("list", () => orProblem(control.list))
      .handle("status", ({ params: { name } }) => orProblem(control.status(name)))
      .handle("rebuild", ({ params: { name } }) => then(control.build(name, "rebuild"), name))
      .handle("verify", ({ params: { name } }) => then(control.build(name, "verify"), name))
      .handle("pause", ({ params: { name } }) => then(control.pause(name, true), name))
      .handle("resume", ({ params: { name } }) => then(control.pause(name, false), name))
      .handle(
        "parked",
        ({ query: { projection = null, stream = null, cursor, limit = 50 } }) =>
          control.parked({ projection, streamId: stream, after: cursor ?? Position.make(0), limit }).pipe(
            Effect.map((items) => ({
              items,
              nextCursor: items.length < limit ? null : items.at(-1)?.position ?? null,
            })),
            orProblem,
          ),
      )
      .handle(
        "retry",
        ({ payload: { projection, position } }) => orProblem(control.retry(projection, position ?? null)),
      )
      .handle(
        "skip",
        ({ payload }) => orProblem(Effect.as(control.skip(payload.projection, payload.position), payload)),
      );
  }),
);
