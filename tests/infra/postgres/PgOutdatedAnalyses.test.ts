import { layer } from "@effect/vitest";
import { Layer } from "effect";
import * as PgOutdatedAnalyses from "../../../infra/postgres/PgOutdatedAnalyses.ts";
import * as PgProjectionStore from "../../../infra/postgres/PgProjectionStore.ts";
import { outdatedAnalysesContract } from "../../support/contracts/OutdatedAnalysesContract.ts";
import { postgres } from "../../support/Databases.ts";

layer(Layer.provideMerge(Layer.merge(PgOutdatedAnalyses.layer, PgProjectionStore.layer), postgres), {
  excludeTestServices: true,
})("The outdated analyses on Postgres", outdatedAnalysesContract);
