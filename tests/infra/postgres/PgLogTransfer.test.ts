import { logTransferContract } from "../../support/contracts/LogTransferContract.ts";
import { postgres } from "../../support/Databases.ts";

logTransferContract("Logs moved between Postgres databases", postgres);
