import * as PgEventStore from "../../../infra/postgres/PgEventStore.ts";
import { eventStoreContract } from "../../support/contracts/EventStoreContract.ts";
import { embedded } from "../../support/Databases.ts";

eventStoreContract(
  "The event store on the embedded database",
  embedded,
  PgEventStore.layer({ callsInFlight: 1 }),
);
