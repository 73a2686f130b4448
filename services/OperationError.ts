import { Effect, Schema } from "effect";
import { catalogue, ErrorCode } from "../domain/ErrorCode.ts";

/** Why an operation was not done, in words for the operator. */
export class OperationError extends Schema.TaggedError<OperationError>()("OperationError", {
  code: ErrorCode,
  detail: Schema.String,
  /** What to do next; empty where the detail says it. */
  advice: Schema.String,
}) {
  override get message(): string {
    return this.advice === "" ? this.detail : `${this.detail}. ${this.advice}`;
  }
}

/** The error of a code; the advice is the catalogue's unless there is better. */
export const operationError = (
  code: ErrorCode,
  detail: string,
  advice: string = catalogue[code].advice,
): OperationError => new OperationError({ code, detail, advice });

/** Fails because a part is out of reach; the log of the process is told with the cause. `part` goes on to "out of reach". */
export const outage = (part: string, advice = "Try again when the database answers.") => (error: unknown) =>
  Effect.andThen(
    Effect.logWarning(`${part} out of reach`, error),
    operationError("UNAVAILABLE", `${part} out of reach at the moment`, advice),
  );
