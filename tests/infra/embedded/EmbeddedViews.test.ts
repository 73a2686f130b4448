import { layer } from "@effect/vitest";
import { Layer } from "effect";
import * as PgOutdatedAnalyses from "../../../infra/postgres/PgOutdatedAnalyses.ts";
import * as PgOverviews from "../../../infra/postgres/PgOverviews.ts";
import * as PgParkedEvents from "../../../infra/postgres/PgParkedEvents.ts";
import * as PgProjectionStore from "../../../infra/postgres/PgProjectionStore.ts";
import * as PgShadows from "../../../infra/postgres/PgShadows.ts";
import * as PgViews from "../../../infra/postgres/PgViews.ts";
import { outdatedAnalysesContract } from "../../support/contracts/OutdatedAnalysesContract.ts";
import { overviewsContract } from "../../support/contracts/OverviewsContract.ts";
import { parkedEventsContract } from "../../support/contracts/ParkedEventsContract.ts";
import { projectionStoreContract } from "../../support/contracts/ProjectionStoreContract.ts";
import { shadowsContract } from "../../support/contracts/ShadowsContract.ts";
import { slotsContract } from "../../support/contracts/SlotsContract.ts";
import { viewsContract } from "../../support/contracts/ViewsContract.ts";
import { embedded } from "../../support/Databases.ts";

const adapters = Layer.mergeAll(
  PgViews.layer,
  PgOverviews.layer,
  PgOutdatedAnalyses.layer,
  PgProjectionStore.layer,
  PgShadows.layer,
  PgParkedEvents.layer,
);

layer(Layer.provideMerge(adapters, embedded), { excludeTestServices: true })(
  "The views and what keeps them on the embedded database",
  (it) => {
    projectionStoreContract(it);
    slotsContract(it);
    shadowsContract(it);
    parkedEventsContract(it);
    viewsContract(it);
    overviewsContract(it);
    outdatedAnalysesContract(it);
  },
);
