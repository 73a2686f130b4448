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

/** Fails because of an outage, told in a sentence without its full stop; the log of the process is told with the cause. */
export const outage = (told: string, advice = "Try again when the database answers.") => (error: unknown) =>
  Effect.andThen(
    Effect.logWarning(told, error),
    operationError("UNAVAILABLE", `${told} at the moment`, advice),
  );
