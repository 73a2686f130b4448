import { Predicate } from "effect";
import type { SqlError } from "effect/sql";

/** SQLSTATE classes of what will fail again however often it is tried: data, constraints, and limits of the program. */
const permanent = /^(22|23|54)/;

/** The SQLSTATE that the database answered with; empty where it did not answer. */
export const sqlStateOf = ({ reason: { cause } }: SqlError.SqlError): string =>
  Predicate.hasProperty(cause, "code") ? String(cause.code) : "";

/** Whether the database refused the data itself, so that trying again is no use. */
export const isPermanent = (error: SqlError.SqlError): boolean => permanent.test(sqlStateOf(error));
