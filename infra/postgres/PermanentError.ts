import { Predicate } from "effect";
import type { SqlError } from "effect/sql";

/** SQLSTATE classes of what will fail again however often it is tried: data, constraints, and limits of the program. */
const permanent = /^(22|23|54)/;

/** Whether the database refused the data itself, so that trying again is no use. */
export const isPermanent = ({ reason: { cause } }: SqlError.SqlError): boolean =>
  Predicate.hasProperty(cause, "code") && permanent.test(String(cause.code));
