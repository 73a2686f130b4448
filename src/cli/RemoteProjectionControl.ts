import { Effect, Layer } from "effect";
import { ProjectionControl } from "../../services/projections/ProjectionControl.ts";
import { Connection } from "./Connection.ts";

/** The control of the projections of the running service, over HTTP. */
export const layer = Layer.effect(
  ProjectionControl,
  Effect.gen(function* () {
    const { api: { adminProjections }, explain } = yield* Connection;
    const call = <A, E, R>(request: Effect.Effect<A, E, R>) => Effect.mapError(request, explain);

    return ProjectionControl.of({
      list: call(adminProjections.list()),
      status: (name) => call(adminProjections.status({ params: { name } })),
      build: (name, slot) => Effect.asVoid(call(adminProjections[slot]({ params: { name } }))),
      pause: (name, paused) =>
        Effect.asVoid(call(adminProjections[paused ? "pause" : "resume"]({ params: { name } }))),
      parked: ({ projection, streamId, after, limit }) =>
        Effect.map(
          call(adminProjections.parked({
            query: {
              projection: projection ?? undefined,
              stream: streamId ?? undefined,
              cursor: after,
              limit,
            },
          })),
          ({ items }) => items,
        ),
      retry: (projection, position) =>
        call(adminProjections.retry({ payload: { projection, ...(position !== null && { position }) } })),
      skip: (projection, position) =>
        Effect.asVoid(call(adminProjections.skip({ payload: { projection, position } }))),
    });
  }),
);
