import { layer } from "@effect/vitest";
import { Layer } from "effect";
import * as PgProjectionStore from "../../../infra/postgres/PgProjectionStore.ts";
import * as PgViews from "../../../infra/postgres/PgViews.ts";
import { projectionStoreContract } from "../../support/contracts/ProjectionStoreContract.ts";
import { viewsContract } from "../../support/contracts/ViewsContract.ts";
import { embedded } from "../../support/Databases.ts";

layer(Layer.provideMerge(Layer.merge(PgViews.layer, PgProjectionStore.layer), embedded), {
  excludeTestServices: true,
})("The views and their store on the embedded database", (it) => {
  projectionStoreContract(it);
  viewsContract(it);
});
