import { layer } from "@effect/vitest";
import { Layer } from "effect";
import * as PgProjectionStore from "../../../infra/postgres/PgProjectionStore.ts";
import * as PgViews from "../../../infra/postgres/PgViews.ts";
import { viewsContract } from "../../support/contracts/ViewsContract.ts";
import { postgres } from "../../support/Databases.ts";

layer(Layer.provideMerge(Layer.merge(PgViews.layer, PgProjectionStore.layer), postgres), {
  excludeTestServices: true,
})("The views on Postgres", viewsContract);
