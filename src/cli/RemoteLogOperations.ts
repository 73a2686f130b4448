import { Effect, Layer, Stream } from "effect";
import { LogOperations } from "../../services/transfer/LogOperations.ts";
import { Connection } from "./Connection.ts";

/** The operations on the log of the running service, over HTTP. */
export const layer = Layer.effect(
  LogOperations,
  Effect.gen(function* () {
    const { api: { adminEvents }, explain } = yield* Connection;
    const call = <A, E, R>(request: Effect.Effect<A, E, R>) => Effect.mapError(request, explain);
    const follow = <A, E, R, E2>(request: Effect.Effect<Stream.Stream<A, E>, E2, R>) =>
      Effect.map(call(request), Stream.mapError(explain));

    return LogOperations.of({
      status: call(adminEvents.status()),
      list: (query) => call(adminEvents.list({ query })),
      show: (ref) => call(adminEvents.show({ params: { ref } })),
      tail: (from) => follow(adminEvents.tail({ query: { from } })),
      export: follow(adminEvents.export()),
      import: (bytes, { dryRun }) =>
        call(adminEvents.import({ query: { dryRun: dryRun ? "true" : "false" }, payload: bytes })),
      replay: (payload) => follow(adminEvents.replay({ payload })),
    });
  }),
);
