import { layer } from "@effect/vitest";
import { Layer } from "effect";
import * as PgProjectionStore from "../../../infra/postgres/PgProjectionStore.ts";
import { projectionStoreContract } from "../../support/contracts/ProjectionStoreContract.ts";
import { postgres } from "../../support/Databases.ts";

layer(Layer.provideMerge(PgProjectionStore.layer, postgres), { excludeTestServices: true })(
  "The projection store on Postgres",
  projectionStoreContract,
);
