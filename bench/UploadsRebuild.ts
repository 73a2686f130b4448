import { Context, Effect, Layer } from "effect";
import * as PgProjectionStore from "../infra/postgres/PgProjectionStore.ts";
import * as PgShadows from "../infra/postgres/PgShadows.ts";
import { building, follow } from "../services/projections/Follow.ts";
import { Shadows } from "../services/projections/Shadows.ts";
import { UploadsProjection } from "../services/projections/UploadsProjection.ts";
import type { BenchDatabase } from "./BenchServer.ts";
import { openStore } from "./BenchStore.ts";

/** The store as {@link openStore} opens it, and the views on the same client. */
export const openViews = Effect.fnUntraced(function* (database: BenchDatabase) {
  const client = yield* openStore(database);
  const views = yield* Layer.mergeAll(PgProjectionStore.layer, PgShadows.layer).pipe(
    Layer.build,
    Effect.provideContext(client),
  );
  return Context.merge(client, views);
});

/** Builds a shadow of the uploads view to the end of the log, as the service does, but without the swap. */
export const rebuildUploads = (afterBatch: Effect.Effect<void> = Effect.void) =>
  Effect.gen(function* () {
    yield* Shadows.use(({ begin }) => begin(UploadsProjection, "rebuild"));
    yield* follow({ projection: UploadsProjection, slot: "rebuild" }, {
      ...building,
      bound: Effect.succeed(Infinity),
      around: (events, apply) => Effect.ensuring(building.around(events, apply), afterBatch),
      onEnd: () => Effect.succeed(true),
      onPoison: (_from, _event, error) => Effect.fail(error),
    });
  }).pipe(Effect.withTracerEnabled(false));

/** The rows that a rebuild applies, as the rest of a query after its columns. */
export const uploadRows = `FROM events WHERE type IN (${
  UploadsProjection.types.map((type) => `'${type}'`).join(", ")
})`;
