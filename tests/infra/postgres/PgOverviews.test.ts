import { layer } from "@effect/vitest";
import { Layer } from "effect";
import * as PgOverviews from "../../../infra/postgres/PgOverviews.ts";
import * as PgProjectionStore from "../../../infra/postgres/PgProjectionStore.ts";
import { overviewsContract } from "../../support/contracts/OverviewsContract.ts";
import { postgres } from "../../support/Databases.ts";

layer(Layer.provideMerge(Layer.merge(PgOverviews.layer, PgProjectionStore.layer), postgres), {
  excludeTestServices: true,
})("The overviews on Postgres", overviewsContract);
