import { logTransferContract } from "../../support/contracts/LogTransferContract.ts";
import { embedded } from "../../support/Databases.ts";

logTransferContract("Logs moved between embedded databases", embedded);
