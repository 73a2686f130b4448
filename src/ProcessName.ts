import { hostname } from "node:os";
import process from "node:process";

/** This process as operators find it: the machine's name, and the process id there. */
export const processName = `${hostname()}~${process.pid}`;
