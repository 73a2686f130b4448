import { Effect, Schema } from "effect";
import { HttpApiMiddleware, HttpApiSchema } from "effect/http-api";
import { catalogue, ErrorCode } from "../../domain/ErrorCode.ts";

const problem = <const Status extends number>(status: Status) =>
  Schema.Struct({
    type: Schema.String,
    title: Schema.String,
    status: Schema.Literal(status),
    code: ErrorCode,
    detail: Schema.String,
    /** The parameter at fault, as a path such as `outputs[0].bitrateKbps`. */
    field: Schema.optionalKey(Schema.String),
    stage: Schema.optionalKey(Schema.String),
    /** Whether the same request may succeed later. */
    retryable: Schema.Boolean,
    traceId: Schema.NullOr(Schema.String),
  }).pipe(HttpApiSchema.asJson({ contentType: "application/problem+json" })).annotate({
    httpApiStatus: status,
  });

/** The schema of the problems of each status. */
export const problems = [
  problem(400),
  problem(401),
  problem(403),
  problem(404),
  problem(409),
  problem(413),
  problem(415),
  problem(416),
  problem(422),
  problem(429),
  problem(500),
  problem(503),
] as const;

/** The one shape of errors (RFC 9457), a schema for each status. */
export type Problem = (typeof problems)[number]["Type"];

/** What a problem says beyond its code. */
export interface Particulars {
  readonly detail: string;
  readonly field?: string;
  readonly stage?: string;
}

/** The problem of a code, with the trace of the present request. */
export const makeProblem = (code: ErrorCode, particulars: Particulars): Effect.Effect<Problem> =>
  Effect.currentParentSpan.pipe(
    Effect.map(({ traceId }) => traceId),
    Effect.orElseSucceed(() => null),
    Effect.map((traceId) => {
      const { status, title, retryable } = catalogue[code];
      return { type: `urn:tapedeck:error:${code}`, title, status, code, ...particulars, retryable, traceId };
    }),
  );

/** Fails with the problem of a code. */
export const fail = (code: ErrorCode, particulars: Particulars): Effect.Effect<never, Problem> =>
  Effect.flatMap(makeProblem(code, particulars), Effect.fail);

/** Lets every endpoint below it fail with a problem, and turns what a schema refuses into one. */
export class Problems extends HttpApiMiddleware.Service<Problems>()("tapedeck/api/Problems", {
  error: problems,
}) {}
